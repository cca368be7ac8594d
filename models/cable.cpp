#include "spikecast/cable.hpp"

#include "models/neurons/cable_neuron.hpp"
#include "spikecast/error.hpp"
#include "spikecast/math.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>

#include <fmt/format.h>

namespace spikecast {
namespace {

constexpr std::size_t most_compartments = 1'000'000;
constexpr double per_area = 0.01;  ///< uF/cm^2 um^2 in pF, mS/cm^2 um^2 in nS
constexpr double per_ohm_cm = 1e5; ///< um^2 / (ohm cm um) in nS

double length_of(const CableSection& s) {
    return s.points.back().distance;
}

/// In length constants at the frequency: sums over the pieces, each with its mean diameter.
double electrotonic_length(const CableSection& s, double frequency) {
    double sum = 0.0;
    for (std::size_t i = 1; i < s.points.size(); ++i) {
        const double diameter = 0.5 * (s.points[i].diameter + s.points[i - 1].diameter);
        const double lambda =
            1e5 * std::sqrt(diameter / (4.0 * std::numbers::pi * frequency * s.membrane.R_a * s.membrane.c_m));
        sum += (s.points[i].distance - s.points[i - 1].distance) / lambda;
    }
    return sum;
}
double compartments_of(const CableSection& s, const Morphology& m) {
    if (s.compartments > 0) return s.compartments;
    return std::floor((electrotonic_length(s, m.frequency) / m.d_lambda + 0.9) / 2.0) * 2.0 + 1.0;
}

/// Area (um^2) and resistance over resistivity (1/um) of a section between two distances: its frusta.
struct Piece {
    double area = 0.0, resistance = 0.0;
};
Piece piece(const CableSection& s, double from, double to) {
    Piece sum;
    for (std::size_t i = 1; i < s.points.size(); ++i) {
        const auto& a = s.points[i - 1];
        const auto& b = s.points[i];
        const double low = std::max(from, a.distance), high = std::min(to, b.distance);
        if (!(high > low)) continue;
        const double slope = (b.diameter - a.diameter) / (b.distance - a.distance);
        const double r1 = 0.5 * (a.diameter + slope * (low - a.distance));
        const double r2 = 0.5 * (a.diameter + slope * (high - a.distance));
        const double length = high - low;
        sum.area += std::numbers::pi * (r1 + r2) * std::sqrt(length * length + (r1 - r2) * (r1 - r2));
        sum.resistance += length / (std::numbers::pi * r1 * r2);
    }
    return sum;
}

bool good_name(const std::string& name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
}

std::string in_mV(double value) {
    return fmt::format("{} mV", value);
}

} // namespace

bool parse_location(std::string_view text, CableLocation& location) {
    const std::size_t open = text.find('(');
    location.section = std::string(text.substr(0, open));
    location.at = 0.5;
    if (!good_name(location.section)) return false;
    if (open == std::string_view::npos) return true;
    if (text.back() != ')') return false;
    const std::string_view number = text.substr(open + 1, text.size() - open - 2);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), location.at);
    return error == std::errc() && end == number.data() + number.size();
}

int find_variable(const ModelInfo& model, std::string_view name) {
    if (const CableDeclaration* cable = cable_of(model)) return cable->find_variable(name);
    return model.variable(name);
}

const CableDeclaration* cable_of(const ModelInfo& model) {
    // only CableDeclaration::make makes others of this name
    return model.name != models::CableNeuron::info.name || model.variables.empty()
               ? nullptr
               : static_cast<const CableDeclaration*>(&model);
}

std::vector<MorphologyProblem> problems_of(const Morphology& m) {
    std::vector<MorphologyProblem> problems;
    const auto fail = [&](std::string path, std::string message, std::string remedy) {
        problems.push_back({std::move(path), std::move(message), std::move(remedy)});
    };
    if (m.sections.empty()) fail("sections", "has no sections", "give one at least");
    std::map<std::string, std::size_t> by_name;
    std::size_t root = m.sections.size();
    double total = 1.0;
    const auto must = [&](bool holds, const std::string& at, const char* name, double value, const char* unit,
                          const char* rule) {
        if (!holds)
            fail(at + "." + name, fmt::format("{} = {}{}, but it must be {}", name, value, unit, rule), "correct it");
    };
    must(m.d_lambda > 0.0 && std::isfinite(m.d_lambda), "", "d_lambda", m.d_lambda, "", "> 0");
    must(m.frequency > 0.0 && std::isfinite(m.frequency), "", "frequency", m.frequency, " Hz", "> 0 Hz");
    const bool rule = problems.empty();
    for (std::size_t i = 0; i < m.sections.size(); ++i) {
        const CableSection& s = m.sections[i];
        const std::string at = fmt::format("sections[{}]", i);
        const std::size_t before = problems.size();
        if (!good_name(s.name))
            fail(at + ".name", fmt::format("'{}' can't name a section", s.name), "use letters, digits and _");
        else if (!by_name.emplace(s.name, i).second)
            fail(at + ".name", fmt::format("there are two sections '{}'", s.name), "give each a name of its own");
        if (s.parent.empty()) {
            if (root < m.sections.size())
                fail(at, fmt::format("'{}' and '{}' both have no parent", m.sections[root].name, s.name),
                     "a tree has one root: give the others a parent");
            else
                root = i;
        }
        must(s.parent_at >= 0.0 && s.parent_at <= 1.0, at, "parent_at", s.parent_at, "", "in [0, 1]");
        if (s.points.size() < 2 || s.points.front().distance != 0.0)
            fail(at, "needs two points or more, the first at 0 um", "give length and diameter");
        else {
            for (std::size_t k = 0; k < s.points.size(); ++k) {
                must(s.points[k].diameter > 0.0 && std::isfinite(s.points[k].diameter), at, "diameter",
                     s.points[k].diameter, " um", "> 0 um");
                if (k > 0)
                    must(s.points[k].distance > s.points[k - 1].distance && std::isfinite(s.points[k].distance), at,
                         "length", s.points[k].distance - s.points[k - 1].distance, " um", "> 0 um");
            }
        }
        must(s.membrane.R_a > 0.0 && std::isfinite(s.membrane.R_a), at, "R_a", s.membrane.R_a, " ohm cm", "> 0 ohm cm");
        must(s.membrane.c_m > 0.0 && std::isfinite(s.membrane.c_m), at, "c_m", s.membrane.c_m, " uF/cm^2",
             "> 0 uF/cm^2");
        must(std::isfinite(s.membrane.e_leak), at, "e_leak", s.membrane.e_leak, " mV", "finite");
        const std::pair<const char*, double> conductances[] = {
            {"g_leak", s.membrane.g_leak}, {"g_Na", s.membrane.g_Na}, {"g_K", s.membrane.g_K}};
        for (const auto& [name, g] : conductances)
            must(g >= 0.0 && std::isfinite(g), at, name, g, " mS/cm^2", ">= 0 mS/cm^2");
        if (problems.size() != before || !rule) continue;
        const double count = compartments_of(s, m);
        total += count + 1.0;
        if (count > static_cast<double>(most_compartments)) {
            fail(at,
                 fmt::format("'{}' would have {} compartments, but a neuron has at most {}", s.name, count,
                             most_compartments),
                 "check its units, or give compartments");
            total = 0.0;
        }
    }
    if (total > static_cast<double>(most_compartments))
        fail("sections",
             fmt::format("would have {} compartments, but a neuron has at most {}", total, most_compartments),
             "raise d_lambda, or give compartments");
    std::vector<std::string> names;
    for (const CableSection& s : m.sections)
        names.push_back(s.name);
    const auto known = [&] {
        std::string list;
        for (std::size_t i = 0; i < names.size() && i < 16; ++i)
            list += (i == 0 ? "" : ", ") + names[i];
        return "sections are: " + list + (names.size() > 16 ? ", ..." : "");
    };
    bool parents = true;
    for (std::size_t i = 0; i < m.sections.size(); ++i) {
        const CableSection& s = m.sections[i];
        if (s.parent.empty() || by_name.count(s.parent) != 0) continue;
        parents = false;
        fail(fmt::format("sections[{}].parent", i), fmt::format("there is no section '{}'", s.parent), known());
    }
    if (parents && problems.empty()) {
        for (std::size_t i = 0; i < m.sections.size(); ++i) {
            std::size_t at = i, steps = 0;
            while (!m.sections[at].parent.empty() && steps <= m.sections.size()) {
                at = by_name.at(m.sections[at].parent);
                ++steps;
            }
            if (steps <= m.sections.size()) continue;
            fail(fmt::format("sections[{}].parent", i), fmt::format("'{}' is its own ancestor", m.sections[i].name),
                 "a tree has no circles: attach one of them elsewhere");
            break;
        }
    }
    const auto place = [&](const CableLocation& location, const std::string& path) {
        if (location.section.empty()) return;
        if (by_name.count(location.section) == 0)
            fail(path, fmt::format("there is no section '{}'", location.section), known());
        else if (!(location.at >= 0.0 && location.at <= 1.0))
            fail(path, fmt::format("{} isn't a place on '{}': it must be in [0, 1]", location.at, location.section),
                 "0 is the begin of a section, 1 its end");
    };
    place(m.spikes_at, "spikes_at");
    place(m.current_at, "current_at");
    std::map<std::string, int> sites;
    for (std::size_t i = 0; i < m.sites.size(); ++i) {
        const SynapseSite& site = m.sites[i];
        const std::string at = fmt::format("sites[{}]", i);
        if (!good_name(site.name))
            fail(at + ".name", fmt::format("'{}' can't name a receptor", site.name), "use letters, digits and _");
        else if (++sites[site.name] > 1)
            fail(at + ".name", fmt::format("there are two sites '{}'", site.name), "give each a name of its own");
        place(site.at, at + ".at");
        must(site.tau_syn > 0.0 && std::isfinite(site.tau_syn), at, "tau_syn", site.tau_syn, " ms", "> 0 ms");
        if (!std::isfinite(site.E_rev))
            fail(at + ".E_rev", fmt::format("E_rev = {}, but it must be finite", in_mV(site.E_rev)), "correct it");
    }
    if (m.sites.size() > 1000)
        fail("sites", fmt::format("are {}, but at most 1000 are possible", m.sites.size()), "share them");
    for (MorphologyProblem& p : problems)
        if (!p.path.empty() && p.path.front() == '.') p.path.erase(0, 1);
    return problems;
}

std::shared_ptr<const CableDeclaration> CableDeclaration::make(Morphology morphology) {
    if (const auto problems = problems_of(morphology); !problems.empty()) {
        std::vector<Diagnostic> wrong;
        for (const MorphologyProblem& p : problems)
            wrong.push_back({{}, "morphology." + p.path, p.message, p.remedy});
        throw InputError(std::move(wrong));
    }
    const std::shared_ptr<CableDeclaration> made(new CableDeclaration);
    CableDeclaration& d = *made;
    static_cast<ModelInfo&>(d) = models::CableNeuron::info;
    d.morphology_ = std::move(morphology);
    Morphology& m = d.morphology_;

    std::map<std::string, std::uint32_t> by_name;
    std::uint32_t root = 0;
    for (std::uint32_t i = 0; i < m.sections.size(); ++i) {
        by_name[m.sections[i].name] = i;
        if (m.sections[i].parent.empty()) root = i;
    }
    std::vector<std::vector<std::uint32_t>> children(m.sections.size());
    for (std::uint32_t i = 0; i < m.sections.size(); ++i)
        if (!m.sections[i].parent.empty()) children[by_name.at(m.sections[i].parent)].push_back(i);

    Compartments& c = d.compartments_;
    const auto add = [&](std::uint32_t parent, double axial, std::uint32_t section, double position) {
        c.parent.push_back(parent);
        c.axial.push_back(axial);
        c.section.push_back(section);
        c.position.push_back(position);
        for (auto* zero : {&c.capacitance, &c.leak, &c.leak_current, &c.sodium, &c.potassium, &c.area})
            zero->push_back(0.0);
        return static_cast<std::uint32_t>(c.parent.size() - 1);
    };
    add(0, 0.0, root, 0.0);
    d.begin_.assign(m.sections.size(), 0);
    d.first_.assign(m.sections.size(), 0);
    std::vector<std::uint32_t> waiting{root};
    while (!waiting.empty()) {
        const std::uint32_t i = waiting.back();
        waiting.pop_back();
        for (auto child = children[i].rbegin(); child != children[i].rend(); ++child)
            waiting.push_back(*child);
        CableSection& s = m.sections[i];
        s.compartments = static_cast<std::uint32_t>(compartments_of(s, m));
        std::uint32_t before = 0;
        if (i != root) before = static_cast<std::uint32_t>(d.compartment({s.parent, s.parent_at}));
        d.begin_[i] = before;
        const double length = length_of(s), n = s.compartments;
        const auto conductance = [&](double resistance) { return per_ohm_cm / (s.membrane.R_a * resistance); };
        double half = 0.0; // from the centre before to the border
        for (std::uint32_t k = 0; k < s.compartments; ++k) {
            const double low = length * k / n, middle = length * (k + 0.5) / n, high = length * (k + 1) / n;
            const Piece first = piece(s, low, middle), second = piece(s, middle, high);
            before = add(before, conductance(half + first.resistance), i, (k + 0.5) / n);
            if (k == 0) d.first_[i] = before;
            half = second.resistance;
            const double area = first.area + second.area;
            c.area.back() = area;
            c.capacitance.back() = per_area * s.membrane.c_m * area;
            c.leak.back() = per_area * s.membrane.g_leak * area;
            c.leak_current.back() = c.leak.back() * s.membrane.e_leak;
            c.sodium.back() = per_area * s.membrane.g_Na * area;
            c.potassium.back() = per_area * s.membrane.g_K * area;
            if (c.sodium.back() > 0.0 || c.potassium.back() > 0.0) c.active.push_back(before);
        }
        add(before, conductance(half), i, 1.0);
    }
    for (CableLocation* location : {&m.spikes_at, &m.current_at})
        if (location->section.empty()) *location = {m.sections[root].name, 0.5};

    // Names first: the declarations point into them.
    const std::size_t n = c.size();
    const char* const gates[] = {"Act_m", "Inact_h", "Act_n"};
    for (std::size_t k = 0; k < n; ++k)
        d.names_.push_back(fmt::format("V_m[{}]", k));
    for (const char* gate : gates)
        for (const std::uint32_t k : c.active)
            d.names_.push_back(fmt::format("{}[{}]", gate, k));
    for (const SynapseSite& site : m.sites)
        d.names_.push_back((site.conductance ? "g_syn_" : "I_syn_") + site.name);
    constexpr double not_given = std::numeric_limits<double>::quiet_NaN();
    d.variables_.push_back({"V_m", "mV", -65.0, "potential where spikes are found; initialises all compartments"});
    std::size_t next = 0;
    for (std::size_t k = 0; k < n; ++k)
        d.variables_.push_back({d.names_[next++], "mV", not_given, "potential of the compartment"});
    for (std::size_t k = 0; k < 3 * c.active.size(); ++k)
        d.variables_.push_back({d.names_[next++], "1", not_given, "gate of the compartment"});
    for (const SynapseSite& site : m.sites) {
        d.variables_.push_back({d.names_[next++], site.conductance ? "nS" : "pA", 0.0, "of the site"});
        d.receptors_.push_back({site.name, site.conductance ? "nS" : "pA", "a site of the morphology"});
    }
    d.variables_.push_back({"I_0", "pA", 0.0, "current of stimuli that acts in the next step", -1, false});
    d.variables = d.variables_;
    d.receptors = d.receptors_;
    return made;
}

std::size_t CableDeclaration::compartment(const CableLocation& location) const {
    for (std::size_t i = 0; i < morphology_.sections.size(); ++i) {
        const CableSection& s = morphology_.sections[i];
        if (s.name != location.section) continue;
        if (location.at <= 0.0) return begin_[i];
        if (location.at >= 1.0) return first_[i] + s.compartments;
        return first_[i] + std::min(static_cast<std::uint32_t>(location.at * s.compartments), s.compartments - 1);
    }
    throw InputError({{}, "morphology", fmt::format("there is no section '{}'", location.section), "correct the name"});
}

int CableDeclaration::find_variable(std::string_view wanted) const {
    if (const int number = variable(wanted); number >= 0) return number;
    const std::size_t open = wanted.find('[');
    if (open == std::string_view::npos || wanted.back() != ']') return -1;
    CableLocation location;
    if (!parse_location(wanted.substr(open + 1, wanted.size() - open - 2), location)) return -1;
    if (!(location.at >= 0.0 && location.at <= 1.0)) return -1;
    for (const CableSection& s : morphology_.sections)
        if (s.name == location.section)
            return variable(fmt::format("{}[{}]", wanted.substr(0, open), compartment(location)));
    return -1;
}

} // namespace spikecast
