// How a model declares itself. Validation, recordable variables, units, defaults, the reference page and the state's
// layout all come from one declaration, so they can't disagree (docs/adding_a_model.md).
#pragma once

#include <algorithm>
#include <array>
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

/// What a parameter's value may be.
enum class ParameterForm : std::uint8_t {
    each,      ///< a number for all neurons, or a law or an array with one for each
    shared,    ///< one number for all
    on_grid,   ///< one time for all, a multiple of the resolution
    off_grid,  ///< of lists of times: they needn't be multiples of the resolution
    samples,   ///< an array in a file: samples, each with a number for every neuron (encoders)
    sequences, ///< the same with any number of numbers for every neuron
    trains     ///< spikes in a file, by neuron
};

struct ParameterInfo {
    std::string_view name;
    std::string_view unit; ///< "mV", "pF", "ms", "Hz", "1" for numbers; the value is in this unit
    double default_value;
    Bounds bounds;
    std::string_view meaning;
    bool is_list = false; ///< spike_times and the like; the default is `default_list`
    ParameterForm form = ParameterForm::each;
    /// Not empty: the value is the number of one of these names, and files give the name (of "false" and "true" also a
    /// boolean). The same for all neurons.
    std::span<const std::string_view> choices{};
    std::span<const double> default_list{};

    [[nodiscard]] constexpr bool is_file() const noexcept {
        return form == ParameterForm::samples || form == ParameterForm::sequences || form == ParameterForm::trains;
    }
};
/// One number for all.
constexpr ParameterInfo shared(std::string_view name, std::string_view unit, double by_default, Bounds bounds,
                               std::string_view meaning) {
    ParameterInfo info{name, unit, by_default, bounds, meaning};
    info.form = ParameterForm::shared;
    return info;
}
inline constexpr std::string_view no_or_yes[] = {"false", "true"}; ///< choices of a flag
/// One of several names, by its number.
constexpr ParameterInfo choice(std::string_view name, std::span<const std::string_view> names, std::size_t by_default,
                               std::string_view meaning) {
    ParameterInfo info{
        name, "1", static_cast<double>(by_default), {0.0, static_cast<double>(names.size() - 1)}, meaning};
    info.choices = names;
    return info;
}
/// 0 or 1 where it is used, false or true in files.
constexpr ParameterInfo flag(std::string_view name, bool by_default, std::string_view meaning) {
    return choice(name, no_or_yes, by_default ? 1 : 0, meaning);
}
/// A list with a default of its own.
constexpr ParameterInfo list_of(std::string_view name, std::string_view unit, std::span<const double> by_default,
                                Bounds bounds, std::string_view meaning) {
    ParameterInfo info{name, unit, by_default.empty() ? 0.0 : by_default.front(), bounds, meaning, true};
    info.default_list = by_default;
    return info;
}

/// One table of parameters after the other, for models that share their first ones.
template <std::size_t A, std::size_t B>
constexpr std::array<ParameterInfo, A + B> joined(const ParameterInfo (&first)[A], const ParameterInfo (&then)[B]) {
    std::array<ParameterInfo, A + B> all{};
    std::copy(first, first + A, all.begin());
    std::copy(then, then + B, all.begin() + A);
    return all;
}

struct VariableInfo {
    std::string_view name;
    std::string_view unit;
    double default_value; ///< as the user sees it; NaN: the value of the parameter `offset` (E_L for V_m)
    std::string_view meaning;
    int offset = -1;      ///< index of the parameter that the stored value is relative to, -1: none
    bool visible = true;  ///< can be recorded and initialised
    bool derived = false; ///< computed from others in every step: can be recorded, but not initialised
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

/// Two list parameters of equal length, the second with a value for each element of the first.
struct ListPair {
    std::size_t first, second; ///< indices of parameters
    std::size_t most;          ///< elements
};

struct ResolvedValue;

struct ModelInfo {
    enum class Kind : std::uint8_t {
        neuron,            ///< a population with inputs
        generator,         ///< a population without inputs, or a stimulus
        current_generator, ///< a stimulus only: adds a current
        synapse            ///< of projections (spikecast/plasticity.hpp)
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
    /// >= 0: the list parameter whose elements each make a receptor, named "1", "2", ...; `receptors` and `variables`
    /// are then those of one element, and with_receptors gives the declaration for any number of them.
    int receptor_list = -1;
    /// nullptr where that is none or too many.
    const ModelInfo* (*with_receptors)(std::size_t count) = nullptr;
    std::size_t most_receptors = 0;
    std::span<const ListPair> list_pairs{};

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
