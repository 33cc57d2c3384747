
template <typename Value, int N> struct TablePART {
    std::map<std::string, std::vector<Value>> rows;
    std::unordered_map<int, std::tuple<Value, std::string>> cells;

    void add(const std::string &name, Value value) {
        rows[name].push_back(value);
        cells[N + rows.size()] = {value, name};
    }

    Value sum(std::function<Value(Value)> by) const {
        Value total{};
        for (auto &[name, values] : rows)
            for (auto &value : values) total += by(value);
        return total;
    }
};

int use_PART(int number) {
    using Kind = std::variant<int, std::string, std::vector<char>>;
    TablePART<int, PART> small;
    TablePART<double, PART + 1> large;
    std::vector<std::unique_ptr<Kind>> kinds;
    for (int each = 0; each < number; each++) {
        small.add(std::to_string(each), each);
        large.add("all", each / 2.0);
        kinds.push_back(std::make_unique<Kind>(each));
    }
    std::sort(kinds.begin(), kinds.end(), [](auto &a, auto &b) { return *a < *b; });
    return small.sum([](int value) { return value + PART; }) +
           int(large.sum([=](double value) { return value * number; }));
}
