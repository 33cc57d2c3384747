// Much for the compiler to hold: deep recursion of templates, maps, variants, regular expressions.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <regex>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

template <int N> struct Chain { using Type = std::tuple<std::integral_constant<int, N>, typename Chain<N - 1>::Type>; };
template <> struct Chain<0> { using Type = std::tuple<>; };
template <int N> struct Sum { static constexpr long value = N * N + Sum<N - 1>::value; };
template <> struct Sum<0> { static constexpr long value = 0; };

template <std::size_t... Is> auto table(std::index_sequence<Is...>) {
    return std::map<std::string, std::function<long(long)>>{
        {std::to_string(Is), [](long x) { return x * long(Is) + Sum<Is>::value; }}...};
}

using Value = std::variant<int, double, std::string, std::vector<int>, std::shared_ptr<Chain<40>::Type>>;

long visit(const std::vector<Value>& values) {
    return std::accumulate(values.begin(), values.end(), 0L, [](long sum, const Value& value) {
        return sum + std::visit([](const auto& v) -> long { return sizeof v; }, value);
    });
}

long run(const std::string& text) {
    auto functions = table(std::make_index_sequence<48>{});
    std::unordered_map<std::string, std::vector<std::tuple<int, std::string, double>>> words;
    std::regex word("([a-z]+)-([0-9]+)");
    for (std::sregex_iterator it(text.begin(), text.end(), word), end; it != end; ++it)
        words[(*it)[1]].emplace_back(std::stoi((*it)[2]), it->str(), 1.0);
    long sum = visit({1, 2.0, std::string("three"), std::vector<int>{4}});
    for (auto& [name, found] : words) {
        std::sort(found.begin(), found.end());
        for (auto& [number, whole, weight] : found) sum += functions[std::to_string(number % 48)](whole.size());
    }
    return sum + Sum<300>::value;
}
