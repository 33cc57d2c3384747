// A library with thread-local storage that must be the loader's surplus.
static __thread char scarce[24] __attribute__((tls_model("initial-exec")));

int other_value;

char *other_scarce(void) { return scarce; }
