// How a model declares itself. Validation, recordable variables, units, defaults, the reference page and the state's
// layout all come from one declaration, so they can't disagree (docs/adding_a_model.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace spikecast {

/// An interval with open or closed ends, as it is printed in messages.
struct Bounds {
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    bool low_open = false;
    bool high_open = false;

    [[nodiscard]] constexpr bool contains(double x) const noexcept {
        return (low_open ? x > low : x >= low) && (high_open ? x < high : x <= high); // false for NaN
    }
};
inline constexpr Bounds any_value{};
inline constexpr Bounds positive{0.0, std::numeric_limits<double>::infinity(), true, false};
inline constexpr Bounds not_negative{0.0, std::numeric_limits<double>::infinity(), false, false};

struct ParameterInfo {
    std::string_view name;
    std::string_view unit; ///< "mV", "pF", "ms", "Hz", "1" for numbers; the value is in this unit
    double default_value;
    Bounds bounds;
    std::string_view meaning;
    bool is_list = false; ///< spike_times and the like; default is the empty list
};

struct VariableInfo {
    std::string_view name;
    std::string_view unit;
    double default_value; ///< as the user sees it; NaN: the value of the parameter `offset` (E_L for V_m)
    std::string_view meaning;
    int offset = -1;     ///< index of the parameter that the stored value is relative to, -1: none
    bool visible = true; ///< can be recorded and initialised
};

struct ReceptorInfo {
    std::string_view name;
    std::string_view weight_unit;
    std::string_view meaning;
    int sign = 0;        ///< +1 / -1: receives weights of this sign where the projection names no receptor; 0: any
    bool counts = false; ///< the weight is ignored, every spike counts one and may be repeated (parrot_neuron)
};

/// A relation between parameters that must hold, checked for constants (and by bounds for distributions).
struct ParameterRelation {
    std::string_view text;                   ///< "V_reset < V_th"
    bool (*holds)(const double* parameters); ///< in declared order
};

struct ResolvedValue;

struct ModelInfo {
    enum class Kind : std::uint8_t {
        neuron,           ///< a population with inputs
        generator,        ///< a population without inputs, or a stimulus
        current_generator ///< a stimulus only: adds a current
    };
    std::string_view name;
    Kind kind;
    std::string_view summary;   ///< one line
    std::string_view equations; ///< plain text, with the integration method and the handling of the threshold
    std::string_view citation;
    std::span<const ParameterInfo> parameters;
    std::span<const VariableInfo> variables;
    std::span<const ReceptorInfo> receptors;
    std::span<const ParameterRelation> relations;
    /// Charge (fC per unit weight: pA ms) that one synaptic event delivers, for the compensation of [scaling]; null
    /// where it isn't defined. Called with parameters in declared order.
    double (*charge)(const double* parameters, std::size_t receptor) = nullptr;
    /// Generators: the most spikes that one element can have in one step of h ms. Called with parameters in declared
    /// order, of each the highest value that any element has. Null: unknown, so any number.
    double (*most_spikes)(std::span<const ResolvedValue> parameters, double h_ms) = nullptr;

    [[nodiscard]] constexpr int parameter(std::string_view wanted) const noexcept {
        for (std::size_t i = 0; i < parameters.size(); ++i)
            if (parameters[i].name == wanted) return static_cast<int>(i);
        return -1;
    }
    [[nodiscard]] constexpr int variable(std::string_view wanted) const noexcept {
        for (std::size_t i = 0; i < variables.size(); ++i)
            if (variables[i].name == wanted) return static_cast<int>(i);
        return -1;
    }
    [[nodiscard]] constexpr int receptor(std::string_view wanted) const noexcept {
        for (std::size_t i = 0; i < receptors.size(); ++i)
            if (receptors[i].name == wanted) return static_cast<int>(i);
        return -1;
    }
};

/// All models, in the order of the catalogue (models/catalogue.txt).
[[nodiscard]] std::span<const ModelInfo* const> all_models();
/// nullptr where there is none of that name.
[[nodiscard]] const ModelInfo* find_model(std::string_view name);

} // namespace spikecast
