// A table of cases: each returns no words if all is well, and is told in one line.
#ifndef CASES_H
#define CASES_H

#include <stdio.h>

typedef const char *(*Case)(void);
struct Named {
    const char *name;
    Case run;
};

// Ends a case with words if a condition does not hold.
#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) return #condition;                                                                           \
    } while (0)

// The words of a case whose function this C library does not have.
#define ABSENT "absent"

static int run_cases(const struct Named *cases, int count) {
    for (int i = 0; i < count; i++) {
        const char *words = cases[i].run();
        if (words == 0)
            printf("ok %s\n", cases[i].name);
        else if (words[0] == 'a' && words[1] == 'b' && words[2] == 's')
            printf("absent %s\n", cases[i].name);
        else
            printf("FAIL %s: %s\n", cases[i].name, words);
        fflush(stdout);
    }
    return 0;
}

#endif
