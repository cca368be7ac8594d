// Quantities: numbers with units, written as arithmetic ("ln(1 - C) / ln(1 - 1 / N)", "2 * w", "1.5 ms").
#pragma once

#include <array>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace spikecast {

/// Exponents of time, potential, current and length. Halves can occur under square roots.
struct Dimension {
    std::array<double, 4> exponents{0.0, 0.0, 0.0, 0.0};
    [[nodiscard]] bool is_number() const noexcept { return *this == Dimension{}; }
    friend bool operator==(const Dimension&, const Dimension&) = default;
};

/// value * 10^decimal in s, V, A, m. The decimal exponent is kept apart so that "0.1 ms" asked for in ms is the double
/// 0.1: a change of prefix is one multiplication or division by an exact power of ten.
struct Quantity {
    double value = 0.0;
    int decimal = 0;
    Dimension dimension;
    bool has_unit = false; ///< a unit was written somewhere on the way: then a plain number isn't taken for the
                           ///< documented unit

    /// The value for a decimal exponent of `wanted`.
    [[nodiscard]] double at(int wanted) const;
};

/// A mistake in an expression; what() says which.
class QuantityError : public std::runtime_error {
public:
    explicit QuantityError(const std::string& message, std::string remedy = {})
        : std::runtime_error(message), remedy_(std::move(remedy)) {}
    [[nodiscard]] const std::string& remedy() const noexcept { return remedy_; }

private:
    std::string remedy_;
};

using Constants = std::map<std::string, Quantity>;

/// A unit by its symbol, SI prefixes included: s V A F S Ohm Hz m C.
/// Returns false where there is none of that name.
[[nodiscard]] bool find_unit(std::string_view symbol, Quantity& unit);

/// A unit such as "mV", "pA ms", "ms/um" or "1". Throws QuantityError.
[[nodiscard]] Quantity parse_unit(const std::string& text);

/// Evaluates + - * / ^, parentheses, sqrt exp ln log10 min max abs round, numbers, units and names of constants;
/// constants hide units of the same name. Throws QuantityError for syntax, unknown names and mixed dimensions.
[[nodiscard]] Quantity evaluate(const std::string& text, const Constants& constants);

/// A quantity in a documented unit. A number without any unit means the documented unit. Throws QuantityError for a
/// wrong dimension.
[[nodiscard]] double in_unit(const Quantity& quantity, const std::string& unit, const std::string& text);

/// The nearest of `known` by optimal string alignment (Damerau-Levenshtein without repeated edits), as the end of a
/// sentence: "did you mean 'C_m'?", or a list of what is known where nothing is near; empty where nothing is known.
[[nodiscard]] std::string suggestion(std::string_view name, const std::vector<std::string>& known);
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

} // namespace spikecast
