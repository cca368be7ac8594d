// The tree of a multi-compartment neuron (model cable_neuron): what a user describes, how it is cut into compartments,
// and the declaration that a population with this tree has: its receptors and its state variables.
#pragma once

#include "spikecast/model.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace spikecast {

/// Properties of a membrane and of what it encloses.
struct Membrane {
    double R_a = 100.0;    ///< ohm cm, resistivity of the inside
    double c_m = 1.0;      ///< uF/cm^2
    double g_leak = 0.1;   ///< mS/cm^2
    double e_leak = -65.0; ///< mV
    double g_Na = 0.0;     ///< mS/cm^2, largest sodium conductance of Hodgkin & Huxley (1952)
    double g_K = 0.0;      ///< mS/cm^2, largest potassium conductance
};

/// A place on a section: 0 is its begin (where it meets its parent), 1 its end.
struct CableLocation {
    std::string section;
    double at = 0.5;
};

/// An unbranched piece of the tree. Between its points the diameter changes linearly.
struct CableSection {
    struct Point {
        double distance; ///< um from the section's begin, ascending; the first is 0
        double diameter; ///< um
    };
    std::string name;
    std::string parent;             ///< empty: the root
    double parent_at = 1.0;         ///< place on the parent, in [0, 1]
    std::vector<Point> points;      ///< two or more
    std::uint32_t compartments = 0; ///< 0: by the d_lambda rule
    Membrane membrane;
};

/// A receptor: synapses there add to one exponentially decaying current or conductance.
struct SynapseSite {
    std::string name;
    CableLocation at;
    double tau_syn = 2.0;     ///< ms
    bool conductance = false; ///< weights are nS and drive towards E_rev, otherwise pA
    double E_rev = 0.0;       ///< mV
};

struct Morphology {
    std::vector<CableSection> sections;
    /// A section without `compartments` gets the smallest odd number of them that are not longer than d_lambda times
    /// the length constant at `frequency` (Carnevale & Hines 2006, The NEURON Book, section 5.3.4).
    double d_lambda = 0.1;
    double frequency = 100.0; ///< Hz
    std::vector<SynapseSite> sites;
    CableLocation spikes_at;  ///< where the threshold is watched; an empty section: the middle of the root
    CableLocation current_at; ///< where I_e and the currents of stimuli enter; an empty section: the middle of the root
};

/// What is wrong with a morphology: which of its members (sections[2].parent), the rule, the remedy.
struct MorphologyProblem {
    std::string path, message, remedy;
};
[[nodiscard]] std::vector<MorphologyProblem> problems_of(const Morphology& morphology);

/// The compartments in Hines's order: a parent comes before its children. Element 0 is the begin of the root section;
/// then come, section by section, its compartments from begin to end and the junction at its end. Begin and junctions
/// have no membrane.
struct Compartments {
    std::vector<std::uint32_t> parent;  ///< parent[0] = 0
    std::vector<double> axial;          ///< nS, to the parent; axial[0] = 0
    std::vector<double> capacitance;    ///< pF
    std::vector<double> leak;           ///< nS
    std::vector<double> leak_current;   ///< pA at 0 mV: leak * e_leak
    std::vector<double> sodium;         ///< nS
    std::vector<double> potassium;      ///< nS
    std::vector<std::uint32_t> section; ///< in the order of Morphology::sections
    std::vector<double> position;       ///< of the centre, in [0, 1]
    std::vector<double> area;           ///< um^2
    std::vector<std::uint32_t> active;  ///< those with sodium or potassium conductance, ascending
    [[nodiscard]] std::size_t size() const noexcept { return parent.size(); }
};

/// The declaration of cable_neuron for one tree. Variables are "V_m" (where spikes are found; initialises all
/// compartments), "V_m[k]" of compartment k, "Act_m[k]", "Inact_h[k]", "Act_n[k]" where there are Hodgkin-Huxley
/// channels, and "I_syn_SITE" or "g_syn_SITE". Receptors are the sites.
class CableDeclaration final : public ModelInfo {
public:
    /// Throws InputError (without a place) where problems_of finds some.
    [[nodiscard]] static std::shared_ptr<const CableDeclaration> make(Morphology morphology);
    CableDeclaration(const CableDeclaration&) = delete;
    CableDeclaration& operator=(const CableDeclaration&) = delete;

    [[nodiscard]] const Morphology& morphology() const noexcept { return morphology_; }
    [[nodiscard]] const Compartments& compartments() const noexcept { return compartments_; }
    /// The compartment at a place: the section's begin or end for 0 and 1, otherwise the one that holds it. Throws
    /// InputError where there is no such section.
    [[nodiscard]] std::size_t compartment(const CableLocation& location) const;
    /// Number of a variable by its name, or by place: "V_m[dend(0.5)]", "V_m[dend]" (its middle). -1: none.
    [[nodiscard]] int find_variable(std::string_view wanted) const;

private:
    CableDeclaration() = default;
    Morphology morphology_;
    Compartments compartments_;
    std::vector<std::uint32_t> begin_, first_; ///< of each section: where it begins, its first compartment
    std::vector<std::string> names_;
    std::vector<VariableInfo> variables_;
    std::vector<ReceptorInfo> receptors_;
};

/// "dend(0.25)" or "dend" for its middle; false where it is neither.
[[nodiscard]] bool parse_location(std::string_view text, CableLocation& location);

/// nullptr where the declaration is of another model, or of cable_neuron without a morphology.
[[nodiscard]] const CableDeclaration* cable_of(const ModelInfo& model);

/// The variable that a user names, -1 where the model has none such: for cable_neuron also by place.
[[nodiscard]] int find_variable(const ModelInfo& model, std::string_view name);

} // namespace spikecast
