#include "engine/experiment/quantity.hpp"

#include "spikecast/math.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstddef>

#include <fmt/format.h>

namespace spikecast {
namespace {

/// 10^n for 0 <= n <= 22 is a double; beyond that the product of two has one rounding more.
double power_of_ten(int n) {
    double power = 1.0;
    for (; n > 0; --n)
        power *= 10.0;
    return power;
}

struct NamedUnit {
    std::string_view symbol;
    Dimension dimension;
};
// F = A s / V, S = A / V, Ohm = V / A, C = A s.
constexpr NamedUnit units[] = {
    {"s", {{1, 0, 0, 0}}},    {"V", {{0, 1, 0, 0}}},       {"A", {{0, 0, 1, 0}}},  {"m", {{0, 0, 0, 1}}},
    {"Hz", {{-1, 0, 0, 0}}},  {"F", {{1, -1, 1, 0}}},      {"S", {{0, -1, 1, 0}}}, {"Ohm", {{0, 1, -1, 0}}},
    {"ohm", {{0, 1, -1, 0}}}, {"\u03a9", {{0, 1, -1, 0}}}, {"C", {{1, 0, 1, 0}}},
};
struct Prefix {
    std::string_view symbol;
    int decimal;
};
constexpr Prefix prefixes[] = {{"", 0},   {"f", -15}, {"p", -12}, {"n", -9}, {"u", -6}, {"\u00b5", -6}, {"\u03bc", -6},
                               {"m", -3}, {"c", -2},  {"k", 3},   {"M", 6},  {"G", 9},  {"T", 12}};

std::string describe(const Dimension& dimension) {
    if (dimension.is_number()) return "a plain number";
    struct Name {
        Dimension dimension;
        const char* text;
    };
    static const Name names[] = {
        {{{1, 0, 0, 0}}, "a time"},         {{{0, 1, 0, 0}}, "a potential"},   {{{0, 0, 1, 0}}, "a current"},
        {{{0, 0, 0, 1}}, "a length"},       {{{-1, 0, 0, 0}}, "a rate"},       {{{1, -1, 1, 0}}, "a capacitance"},
        {{{0, -1, 1, 0}}, "a conductance"}, {{{0, 1, -1, 0}}, "a resistance"}, {{{1, 0, 1, 0}}, "a charge"},
    };
    for (const Name& name : names)
        if (name.dimension == dimension) return name.text;
    static const char* base[] = {"s", "V", "A", "m"};
    std::string text = "a quantity in";
    for (std::size_t i = 0; i < 4; ++i) {
        const double e = dimension.exponents[i];
        if (e == 1.0)
            text += fmt::format(" {}", base[i]);
        else if (e != 0.0)
            text += fmt::format(" {}^{}", base[i], e);
    }
    return text;
}

Quantity multiplied(const Quantity& a, const Quantity& b, int sign) {
    Quantity r;
    r.value = sign > 0 ? a.value * b.value : a.value / b.value;
    r.decimal = a.decimal + sign * b.decimal;
    for (std::size_t i = 0; i < 4; ++i)
        r.dimension.exponents[i] = a.dimension.exponents[i] + sign * b.dimension.exponents[i];
    r.has_unit = a.has_unit || b.has_unit;
    return r;
}

class Parser {
public:
    Parser(const std::string& text, const Constants& constants) : text_(text), constants_(constants) {}

    Quantity whole() {
        skip();
        if (at_ == text_.size())
            throw QuantityError("the expression is empty", "write a number, with a unit where it has one");
        const Quantity q = sum();
        if (at_ != text_.size())
            throw QuantityError(
                fmt::format("'{}' has an unexpected '{}' at character {}", text_, text_.substr(at_), at_ + 1),
                "write arithmetic such as \"2 * w\" or a number with a unit such as \"1.5 ms\"");
        return q;
    }

private:
    void skip() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0)
            ++at_;
    }
    bool take(char c) {
        if (at_ < text_.size() && text_[at_] == c) {
            ++at_;
            skip();
            return true;
        }
        return false;
    }
    void expect(char c) {
        if (!take(c))
            throw QuantityError(fmt::format("'{}' lacks a '{}' at character {}", text_, c, at_ + 1),
                                "close what was opened");
    }
    void same(const Quantity& a, const Quantity& b, const char* what) const {
        if (a.dimension != b.dimension)
            throw QuantityError(
                fmt::format("'{}' {} {} and {}", text_, what, describe(a.dimension), describe(b.dimension)),
                "give both the same kind of unit");
    }
    struct Deeper {
        explicit Deeper(int& depth) : depth_(depth) {
            if (++depth_ > 200)
                throw QuantityError("the expression is nested more than 200 deep", "name parts in [constants]");
        }
        ~Deeper() { --depth_; }
        Deeper(const Deeper&) = delete;
        Deeper& operator=(const Deeper&) = delete;
        int& depth_;
    };

    Quantity sum() {
        const Deeper guard(depth_);
        Quantity left = product();
        for (;;) {
            const bool plus = take('+');
            if (!plus && !take('-')) return left;
            const Quantity right = product();
            same(left, right, "adds or subtracts");
            const double r = right.at(left.decimal);
            left.value = plus ? left.value + r : left.value - r;
            left.has_unit = left.has_unit || right.has_unit;
        }
    }
    Quantity product() {
        Quantity left = sign();
        for (;;) {
            if (take('*'))
                left = multiplied(left, sign(), 1);
            else if (take('/'))
                left = multiplied(left, sign(), -1);
            else
                return left;
        }
    }
    Quantity sign() {
        const Deeper guard(depth_);
        if (take('-')) {
            Quantity q = sign();
            q.value = -q.value;
            return q;
        }
        if (take('+')) return sign();
        return joined();
    }
    bool starts_name() const {
        return at_ < text_.size() && (std::isalpha(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_' ||
                                      (static_cast<unsigned char>(text_[at_]) & 0x80U) != 0);
    }
    /// A number directly followed by units is one factor: "1 / 10 ms" is 1 / (10 ms).
    Quantity joined() {
        const bool number =
            at_ < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '.');
        Quantity left = power();
        while ((number || left_is_unit_) && starts_name())
            left = multiplied(left, power(), 1);
        return left;
    }
    Quantity power() {
        const Quantity base = atom();
        if (!take('^')) return base;
        const Quantity exponent = sign();
        if (!exponent.dimension.is_number())
            throw QuantityError(fmt::format("'{}' has an exponent that is {}", text_, describe(exponent.dimension)),
                                "exponents are plain numbers");
        const double e = exponent.at(0);
        Quantity r;
        r.has_unit = base.has_unit;
        for (std::size_t i = 0; i < 4; ++i)
            r.dimension.exponents[i] = base.dimension.exponents[i] * e;
        const bool whole = e == std::floor(e) && std::abs(e) <= 64;
        if (whole) {
            double v = 1.0;
            for (int i = 0; i < static_cast<int>(std::abs(e)); ++i)
                v *= base.value;
            r.value = e < 0 ? 1.0 / v : v;
            r.decimal = base.decimal * static_cast<int>(e);
        } else {
            r.value = raised(base.at(0), e);
        }
        return r;
    }
    [[nodiscard]] double raised(double x, double e) const {
        if (x == 0.0 && e > 0) return 0.0;
        if (!(x > 0.0))
            throw QuantityError(fmt::format("'{}' raises {} to the power {}", text_, x, e), "the base must be > 0");
        return math::pow(x, e);
    }
    Quantity atom() {
        left_is_unit_ = false;
        if (take('(')) {
            const Quantity q = sum();
            expect(')');
            left_is_unit_ = false;
            return q;
        }
        if (at_ < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '.')) {
            double v = 0.0;
            const char* first = text_.data() + at_;
            const auto result = std::from_chars(first, text_.data() + text_.size(), v);
            if (result.ec != std::errc{})
                throw QuantityError(fmt::format("'{}' has a bad number at character {}", text_, at_ + 1),
                                    "write numbers like 1.5 or 2e-3");
            at_ += static_cast<std::size_t>(result.ptr - first);
            skip();
            return {v, 0, {}, false};
        }
        if (!starts_name()) {
            throw QuantityError(at_ >= text_.size() ? fmt::format("'{}' ends where a number is missing", text_)
                                                    : fmt::format("'{}' has an unexpected '{}' at character {}", text_,
                                                                  text_[at_], at_ + 1),
                                "write arithmetic such as \"2 * w\" or a number with a unit such as \"1.5 ms\"");
        }
        const std::size_t first = at_;
        while (starts_name() || (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) != 0))
            ++at_;
        const std::string name = text_.substr(first, at_ - first);
        skip();
        if (at_ < text_.size() && text_[at_] == '(') return call(name);
        if (const auto found = constants_.find(name); found != constants_.end()) return found->second;
        Quantity unit;
        if (find_unit(name, unit)) {
            left_is_unit_ = true;
            return unit;
        }
        std::vector<std::string> known;
        for (const auto& [key, value] : constants_)
            known.push_back(key);
        for (const char* u :
             {"s",  "ms", "us", "ns", "V",  "mV",  "uV",   "A",    "nA",   "pA", "uA",  "F", "pF", "nF",
              "uF", "S",  "nS", "uS", "mS", "Ohm", "MOhm", "GOhm", "kOhm", "Hz", "kHz", "m", "mm", "um"})
            known.emplace_back(u);
        std::string near = suggestion(name, known);
        if (near.rfind("did", 0) != 0)
            near = "units are s V A F S Ohm Hz m with SI prefixes; names stand in [constants]";
        throw QuantityError(fmt::format("'{}' names an unknown unit or constant '{}'", text_, name), near);
    }
    Quantity call(const std::string& name) {
        expect('(');
        std::vector<Quantity> args;
        if (!take(')')) {
            do
                args.push_back(sum());
            while (take(','));
            expect(')');
        }
        left_is_unit_ = false;
        const auto want = [&](std::size_t n) {
            if (args.size() != n)
                throw QuantityError(
                    fmt::format("{}() in '{}' has {} arguments, but takes {}", name, text_, args.size(), n),
                    "give the arguments it takes");
        };
        const auto number = [&] {
            want(1);
            if (!args[0].dimension.is_number())
                throw QuantityError(fmt::format("{}() in '{}' is given {}", name, text_, describe(args[0].dimension)),
                                    "divide by a unit to make it a plain number");
            return args[0].at(0);
        };
        Quantity r;
        for (const Quantity& a : args)
            r.has_unit = r.has_unit || a.has_unit;
        if (name == "exp") {
            r.value = math::exp(number());
        } else if (name == "ln" || name == "log" || name == "log10") {
            const double x = number();
            if (!(x > 0.0))
                throw QuantityError(fmt::format("{}() in '{}' is given {}", name, text_, x), "it must be > 0");
            // ln(1 - x) for tiny x loses digits; the count of synapses from a probability has its own function.
            r.value = name == "log10" ? math::log(x) / math::log(10.0) : math::log(x);
        } else if (name == "round") {
            r.value = std::round(number());
        } else if (name == "sqrt") {
            want(1);
            const Quantity& a = args[0];
            const double x = a.at(a.decimal % 2 == 0 ? a.decimal : a.decimal - 1);
            if (!(x >= 0.0))
                throw QuantityError(fmt::format("sqrt() in '{}' is given {}", text_, x), "it must be >= 0");
            r.value = std::sqrt(x);
            r.decimal = (a.decimal % 2 == 0 ? a.decimal : a.decimal - 1) / 2;
            for (std::size_t i = 0; i < 4; ++i)
                r.dimension.exponents[i] = a.dimension.exponents[i] / 2;
        } else if (name == "abs") {
            want(1);
            r = args[0];
            r.value = std::abs(r.value);
        } else if (name == "min" || name == "max") {
            if (args.empty())
                throw QuantityError(fmt::format("{}() in '{}' has no arguments", name, text_), "give at least one");
            const bool unit = r.has_unit;
            r = args[0];
            for (const Quantity& a : args) {
                same(args[0], a, "compares");
                if (name == "min" ? a.at(r.decimal) < r.value : a.at(r.decimal) > r.value) r = a;
            }
            r.has_unit = unit;
        } else {
            throw QuantityError(fmt::format("'{}' calls an unknown function '{}'", text_, name),
                                suggestion(name, {"sqrt", "exp", "ln", "log", "log10", "min", "max", "abs", "round"}));
        }
        return r;
    }

    const std::string& text_;
    const Constants& constants_;
    std::size_t at_ = 0;
    int depth_ = 0;
    bool left_is_unit_ = false;
};

} // namespace

double Quantity::at(int wanted) const {
    const int shift = decimal - wanted;
    if (shift == 0 || value == 0.0) return value;
    return shift > 0 ? value * power_of_ten(shift) : value / power_of_ten(-shift);
}

bool find_unit(std::string_view symbol, Quantity& unit) {
    for (const NamedUnit& u : units) {
        if (!symbol.ends_with(u.symbol)) continue;
        const std::string_view prefix = symbol.substr(0, symbol.size() - u.symbol.size());
        for (const Prefix& p : prefixes) {
            if (p.symbol == prefix) {
                unit = {1.0, p.decimal, u.dimension, true};
                return true;
            }
        }
    }
    return false;
}

Quantity parse_unit(const std::string& text) {
    Quantity q = evaluate(text, {});
    q.has_unit = true;
    return q;
}

Quantity evaluate(const std::string& text, const Constants& constants) {
    return Parser(text, constants).whole();
}

double in_unit(const Quantity& quantity, const std::string& unit, const std::string& text) {
    if (quantity.dimension.is_number() && !quantity.has_unit) return quantity.at(0);
    const Quantity wanted = parse_unit(unit);
    if (quantity.dimension != wanted.dimension) {
        throw QuantityError(
            fmt::format("'{}' is {}, but {} is needed", text, describe(quantity.dimension), describe(wanted.dimension)),
            unit == "1" ? "give a number without a unit" : fmt::format("give it in {} or a unit of that kind", unit));
    }
    return quantity.at(wanted.decimal);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        now[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = std::min(now[j], before[j - 2] + 1);
        }
        std::swap(before, last);
        std::swap(last, now);
    }
    return last[b.size()];
}

std::string suggestion(std::string_view name, const std::vector<std::string>& known) {
    if (known.empty()) return {};
    const auto lower = [](std::string_view s) {
        std::string out(s);
        for (char& c : out)
            c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        return out;
    };
    std::size_t best = name.size() + 1;
    const std::string* nearest = nullptr;
    for (const std::string& k : known) {
        std::size_t d = lower(k) == lower(name) ? 0 : edit_distance(name, k);
        if (!name.empty() && k.size() > name.size() && lower(k).rfind(lower(name), 0) == 0)
            d = std::min<std::size_t>(d, 1);
        if (d < best) {
            best = d;
            nearest = &k;
        }
    }
    if (nearest != nullptr && best <= std::max<std::size_t>(1, std::max(name.size(), nearest->size()) / 3))
        return fmt::format("did you mean '{}'?", *nearest);
    std::string list;
    for (std::size_t i = 0; i < known.size() && i < 16; ++i)
        list += (i == 0 ? "" : ", ") + known[i];
    return "known are: " + list + (known.size() > 16 ? ", ..." : "");
}

} // namespace spikecast
