#include "engine/data/samples.hpp"
#include "engine/experiment/check.hpp"
#include "engine/experiment/machine_words.hpp"
#include "engine/experiment/quantity.hpp"
#include "spikecast/distributions.hpp"
#include "spikecast/model.hpp"
#include "spikecast/plasticity.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <map>
#include <tuple>

#include <fmt/format.h>

namespace spikecast {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::uint64_t largest_population = 1ULL << 40;
constexpr double largest_indegree = 0x1p40;
constexpr double largest_weight = std::numeric_limits<float>::max();

std::string interval(const Bounds& b, std::string_view unit) {
    if (std::isinf(b.low) && std::isinf(b.high)) return "finite";
    if (std::isinf(b.high)) return fmt::format("{} {}", b.low_open ? ">" : ">=", with_unit(b.low, unit));
    if (std::isinf(b.low)) return fmt::format("{} {}", b.high_open ? "<" : "<=", with_unit(b.high, unit));
    return fmt::format("in {}{}, {}{}", b.low_open ? "(" : "[", b.low, with_unit(b.high, unit),
                       b.high_open ? ")" : "]");
}

std::string one_of(std::span<const std::string_view> names) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i)
        text += fmt::format("{}{}", i == 0 ? "" : i + 1 == names.size() ? " and " : ", ", names[i]);
    return text;
}

/// The interval that a law's numbers lie in.
struct Support {
    double low, high;
    bool low_open = false, high_open = false;
};
Support support(const Distribution& d) {
    Support s{-infinity, infinity};
    switch (d.kind) {
    case Distribution::Kind::constant:
        s = {d.a, d.a};
        break;
    case Distribution::Kind::uniform:
        s = {d.a, d.b, false, true};
        break;
    case Distribution::Kind::normal:
        if (d.b == 0.0) s = {d.a, d.a};
        break;
    case Distribution::Kind::lognormal:
    case Distribution::Kind::exponential:
        s = {0.0, infinity, true, false};
        break;
    }
    // Redrawing meets a bound with probability zero, clipping often.
    const bool redraw = d.outside == Distribution::Outside::redraw;
    if (d.low > s.low) s.low = d.low, s.low_open = redraw && !d.is_constant();
    if (d.high < s.high) s.high = d.high, s.high_open = redraw && !d.is_constant();
    return s;
}
bool inside(const Support& s, const Bounds& b) {
    const bool low = s.low > b.low || (s.low == b.low && (!b.low_open || s.low_open || std::isinf(s.low)));
    const bool high = s.high < b.high || (s.high == b.high && (!b.high_open || s.high_open || std::isinf(s.high)));
    return low && high;
}

class Checker {
public:
    Checker(Experiment& e, std::vector<Diagnostic>& errors, const std::set<std::string>& unread)
        : e_(e), errors_(errors), unread_(unread) {}

    void run() {
        check_simulation();
        check_populations();
        std::set<std::string> names;
        for (Projection& p : e_.projections)
            check_projection(p, names);
        names.clear();
        for (Stimulus& s : e_.stimuli)
            check_stimulus(s, names);
        for (SpikeRecorder& r : e_.spike_recorders) {
            if (!selection(r.source, r.path + ".spikes")) continue;
            check_sample(r.source, r.sample, r.path);
            check_window(r.start_ms, r.stop_ms, r.path);
        }
        for (StateRecorder& r : e_.state_recorders)
            check_state_recorder(r);
        for (const WeightRecorder& r : e_.weight_recorders)
            check_weight_recorder(r);
        check_machine(e_, [&](const std::string& path, std::string message, std::string remedy) {
            fail(path, std::move(message), std::move(remedy));
        });
        for (const auto& [name, rate] : e_.reference.rates_hz) {
            const std::string path = "reference.rates." + name;
            if (e_.find_population(name) == nullptr)
                fail(path, fmt::format("there is no population '{}'", name), suggestion(name, population_names()));
            else if (!(rate >= 0.0) || std::isinf(rate))
                fail(path, fmt::format("rate = {} Hz, but it must be >= 0 Hz", rate), "correct it");
        }
    }

private:
    void fail(const std::string& path, std::string message, std::string remedy) {
        if (is_unread(path)) return;
        errors_.push_back({e_.where(path), path, std::move(message), std::move(remedy)});
    }
    /// The path or what holds it couldn't be read.
    bool is_unread(std::string path) const {
        for (;;) {
            if (unread_.count(path) != 0) return true;
            const std::size_t cut = path.find_last_of(".[");
            if (cut == std::string::npos) return false;
            path.resize(cut);
        }
    }
    bool size_known(const std::string& population) const { return !is_unread("populations." + population + ".size"); }
    std::vector<std::string> population_names() const {
        std::vector<std::string> names;
        for (const Population& p : e_.populations)
            names.push_back(p.name);
        return names;
    }
    template <class Item>
    static std::vector<std::string> names_of(std::span<const Item> items) {
        std::vector<std::string> names;
        for (const Item& i : items)
            names.emplace_back(i.name);
        return names;
    }
    std::string resolution() const { return with_unit(e_.simulation.resolution_ms(), "ms"); }
    bool resolution_known() const { return !is_unread("simulation.resolution"); }

    /// A time that must be on the grid.
    void on_grid(double ms, const std::string& path) {
        if (!resolution_known() || std::isinf(ms)) return;
        const std::string near = nearest_multiples(ms, e_.simulation);
        if (!near.empty())
            fail(path, fmt::format("{} is not a multiple of the resolution {}", with_unit(ms, "ms"), resolution()),
                 "the nearest multiples are " + near);
    }

    void check_simulation() {
        const SimulationSettings& s = e_.simulation;
        if (s.resolution_ps <= 0) {
            fail("simulation.resolution", fmt::format("is {} ps, but must be > 0", s.resolution_ps), "0.1 ms is usual");
            return;
        }
        if (s.duration_steps <= 0 && resolution_known())
            fail("simulation.duration",
                 fmt::format("is {}, but must be > 0 ms", with_unit(s.time_ms(s.duration_steps), "ms")), "give a time");
        else if (s.duration_steps > std::numeric_limits<std::int64_t>::max() / s.resolution_ps)
            fail("simulation.duration", "is longer than 9e6 s, which integer time can't hold", "give a shorter time");
        else if (s.warmup_steps < 0)
            fail("simulation.warmup",
                 fmt::format("is {}, but must be >= 0 ms", with_unit(s.time_ms(s.warmup_steps), "ms")), "give a time");
        else if (s.warmup_steps >= s.duration_steps && !is_unread("simulation.duration") && resolution_known())
            fail("simulation.warmup",
                 fmt::format("{} is not shorter than the duration {}", with_unit(s.time_ms(s.warmup_steps), "ms"),
                             with_unit(s.time_ms(s.duration_steps), "ms")),
                 "it is part of the duration: shorten it or prolong the duration");
    }

    /// Bounds and shape of a law; true where it makes sense.
    bool check_law(const Distribution& d, const std::string& path, std::string_view unit) {
        using Kind = Distribution::Kind;
        if (!std::isfinite(d.a) || (d.kind != Kind::constant && d.kind != Kind::exponential && !std::isfinite(d.b)) ||
            std::isnan(d.low) || std::isnan(d.high)) {
            fail(path, fmt::format("has a number that isn't finite ({})", std::isfinite(d.a) ? d.b : d.a),
                 "give finite numbers");
            return false;
        }
        if (d.kind == Kind::uniform && !(d.a < d.b)) {
            fail(path,
                 fmt::format("uniform from {} to {}: the first must be below the second", d.a, with_unit(d.b, unit)),
                 "swap or correct them");
            return false;
        }
        if ((d.kind == Kind::normal || d.kind == Kind::lognormal) && d.b < 0.0) {
            fail(path, fmt::format("the standard deviation is {}, but must be >= 0", with_unit(d.b, unit)),
                 "give its size");
            return false;
        }
        if (d.kind == Kind::exponential && !(d.a > 0.0)) {
            fail(path, fmt::format("the exponential law has the mean {}, but it must be > 0", with_unit(d.a, unit)),
                 "correct the mean");
            return false;
        }
        if (d.low > d.high ||
            (d.low == d.high && d.outside == Distribution::Outside::redraw && d.kind != Kind::constant)) {
            fail(path, fmt::format("low = {} is not below high = {}", with_unit(d.low, unit), with_unit(d.high, unit)),
                 "swap or correct them");
            return false;
        }
        if (d.outside == Distribution::Outside::redraw) {
            Distribution free = d;
            free.low = -infinity;
            free.high = infinity;
            const Support s = support(free);
            if (s.high < d.low || s.low > d.high || (s.low != s.high && (s.high == d.low || s.low == d.high))) {
                fail(path, fmt::format("no number of the law lies in [{}, {}]", d.low, with_unit(d.high, unit)),
                     "correct low and high, or use outside = \"clip\"");
                return false;
            }
        }
        return true;
    }

    /// `times`: a list in ms holds ascending times, on the grid where the parameter's form asks for it.
    bool check_value(const std::string& name, const ParameterValue& value, const ParameterInfo& info, bool times,
                     const std::string& path, std::uint64_t neurons = 0) {
        if (is_unread(path)) return false;
        const Bounds& bounds = info.bounds;
        const std::string_view unit = info.unit;
        const bool is_list = info.is_list;
        const ParameterForm form = info.form;
        if (!info.choices.empty()) return check_choice(name, value, info, path);
        if (info.is_file()) {
            if (const auto* file = std::get_if<ArrayFile>(&value))
                check_file(*file, path, form, neurons);
            else
                fail(path, "must be an array in a file", fmt::format("write {} = {{ file = \"...\" }}", name));
            return true; // relations between the other parameters can be judged
        }
        if (form == ParameterForm::shared || form == ParameterForm::on_grid) {
            const auto* d = std::get_if<Distribution>(&value);
            if (d == nullptr || !d->is_constant()) {
                fail(path, "must be one value for all", "give a constant");
                return false;
            }
            if (form == ParameterForm::on_grid) on_grid(d->a, path);
        }
        if (const auto* list = std::get_if<std::vector<double>>(&value)) {
            if (!is_list) {
                fail(path, "is a list, but must be one value or a law", "give one value");
                return false;
            }
            for (std::size_t i = 0; i < list->size(); ++i) {
                if (!std::isfinite((*list)[i]) || !bounds.contains((*list)[i])) {
                    fail(path,
                         fmt::format("{}[{}] = {}, but it must be {}", name, i, with_unit((*list)[i], unit),
                                     interval(bounds, unit)),
                         "correct it");
                    return false;
                }
                if (times && unit == "ms") {
                    if (form != ParameterForm::off_grid) on_grid((*list)[i], path);
                    const bool strictly = name == "amplitude_times" || name == "rate_times";
                    if (i > 0 && ((*list)[i] < (*list)[i - 1] || (strictly && (*list)[i] == (*list)[i - 1]))) {
                        fail(path,
                             fmt::format("{}[{}] = {} comes after {}", name, i, with_unit((*list)[i], unit),
                                         with_unit((*list)[i - 1], unit)),
                             "times must ascend");
                        return false;
                    }
                }
            }
            return true;
        }
        if (is_list) {
            fail(path, "must be a list of numbers", fmt::format("write {} = [...]", name));
            return false;
        }
        if (const auto* array = std::get_if<ArrayFile>(&value)) {
            std::error_code code;
            if (!std::filesystem::is_regular_file(array->file, code))
                fail(path, fmt::format("the file '{}' doesn't exist", array->file),
                     "paths are relative to the experiment file");
            return false;
        }
        const Distribution& d = std::get<Distribution>(value);
        if (!check_law(d, path, unit)) return false;
        const Support s = support(d);
        if (inside(s, bounds)) return true;
        if (d.is_constant())
            fail(path, fmt::format("{} = {}, but it must be {}", name, with_unit(d.a, unit), interval(bounds, unit)),
                 "correct it");
        else
            fail(path,
                 fmt::format("{} is drawn from [{}, {}], but it must be {}", name, s.low, with_unit(s.high, unit),
                             interval(bounds, unit)),
                 "confine the law with low and high");
        return false;
    }

    /// Files can't get this wrong, for the reader knows the names.
    bool check_choice(const std::string& name, const ParameterValue& value, const ParameterInfo& info,
                      const std::string& path) {
        const auto* d = std::get_if<Distribution>(&value);
        if (d != nullptr && d->is_constant() && info.bounds.contains(d->a) && d->a == std::floor(d->a)) return true;
        fail(path, fmt::format("{} must be the number of one of {}", name, one_of(info.choices)), "count from 0");
        return false;
    }

    /// Opens a file of samples or spikes: what is wrong with its header is said before anything is built.
    void check_file(const ArrayFile& array, const std::string& path, ParameterForm form, std::uint64_t neurons) {
        std::error_code code;
        if (!std::filesystem::is_regular_file(array.file, code))
            return fail(path, fmt::format("the file '{}' doesn't exist", array.file),
                        "paths are relative to the experiment file");
        if (neurons == 0) return; // said elsewhere
        try {
            if (form == ParameterForm::trains)
                check_spikes(array);
            else
                (void)open_samples(array, neurons, form == ParameterForm::sequences);
        } catch (const InputError& error) {
            for (const Diagnostic& d : error.diagnostics())
                fail(path,
                     array.dataset.empty() ? fmt::format("{}: {}", array.file, d.message)
                                           : fmt::format("{}: {}: {}", array.file, d.object, d.message),
                     d.remedy);
        }
    }

    /// neurons: of the population whose elements or targets they are; 0 where that isn't known.
    void check_parameters(const ModelInfo& model, const ParameterValues& params, const std::string& path,
                          std::uint64_t neurons) {
        const bool generator = model.kind != ModelInfo::Kind::neuron && model.kind != ModelInfo::Kind::synapse;
        bool all_good = true;
        std::map<std::string, double> activity{{"start", 0.0}, {"stop", infinity}};
        for (const auto& [name, value] : params) {
            const std::string at = path + "." + name;
            if (generator && (name == "start" || name == "stop")) {
                const auto* d = std::get_if<Distribution>(&value);
                if (d == nullptr || !d->is_constant())
                    fail(at, "must be one time for all", "give a time");
                else if (!(d->a >= 0.0))
                    fail(at, fmt::format("{} = {}, but it must be >= 0 ms", name, with_unit(d->a, "ms")), "correct it");
                else {
                    on_grid(d->a, at);
                    activity[name] = d->a;
                }
                continue;
            }
            const int index = model.parameter(name);
            if (index < 0) {
                std::vector<std::string> known = names_of(model.parameters);
                for (const char* key : activity_keys)
                    if (generator && model.parameter(key) < 0) known.emplace_back(key);
                fail(at, fmt::format("{} has no parameter '{}'", model.name, name), suggestion(name, known));
                all_good = false;
                continue;
            }
            const ParameterInfo& info = model.parameters[static_cast<std::size_t>(index)];
            all_good = check_value(name, value, info, generator, at, neurons) && all_good;
            if (index == model.receptor_list && !is_unread(at))
                if (const auto* list = std::get_if<std::vector<double>>(&value);
                    list != nullptr && model.with_receptors(list->size()) == nullptr) {
                    fail(at,
                         fmt::format("{} makes {} receptors, but a neuron has 1 to {}", name, list->size(),
                                     model.most_receptors),
                         "give that many values");
                    all_good = false;
                }
        }
        for (const ParameterInfo& info : model.parameters)
            if (info.is_file() && params.count(std::string(info.name)) == 0)
                fail(path, fmt::format("{} needs {}", model.name, info.name),
                     fmt::format("write {} = {{ file = \"...\" }}", info.name));
        if (!(activity["start"] < activity["stop"])) {
            all_good = false; // the model's own relation would say it again
            fail(path + ".stop",
                 fmt::format("start = {} is not before stop = {}", with_unit(activity["start"], "ms"),
                             with_unit(activity["stop"], "ms")),
                 "correct one of them");
        }
        const auto list = [&](const char* name) {
            const auto found = params.find(name);
            const auto* values = found == params.end() ? nullptr : std::get_if<std::vector<double>>(&found->second);
            return values == nullptr ? std::size_t{0} : values->size();
        };
        for (const auto& [times, values] :
             {std::pair{"amplitude_times", "amplitude_values"}, std::pair{"rate_times", "rate_values"}})
            if (model.parameter(times) >= 0 && all_good && list(times) != list(values))
                fail(path, fmt::format("{} has {} elements and {} {}", times, list(times), values, list(values)),
                     "give a value for each time");
        for (const ListPair& pair : model.list_pairs) {
            const std::string first(model.parameters[pair.first].name), second(model.parameters[pair.second].name);
            const std::size_t n = list(first.c_str()), given = list(second.c_str());
            if (!all_good || is_unread(path + '.' + first) || is_unread(path + '.' + second)) break;
            if (n != given)
                fail(path, fmt::format("{} has {} elements and {} {}", first, n, second, given),
                     fmt::format("give a value of {} for each of {}", second, first));
            else if (n > pair.most)
                fail(path + '.' + first,
                     fmt::format("{} has {} elements, but at most {} are possible", first, n, pair.most),
                     "leave out those that matter least");
        }
        if (all_good) check_relations(model, params, path);
    }

    /// Relations at every corner of what is drawn (few parameters are); laws without an end there can't be judged.
    void check_relations(const ModelInfo& model, const ParameterValues& params, const std::string& path) {
        std::vector<double> values;
        std::vector<std::pair<std::size_t, Support>> drawn;
        for (std::size_t i = 0; i < model.parameters.size(); ++i) {
            values.push_back(model.parameters[i].default_value);
            const auto found = params.find(std::string(model.parameters[i].name));
            if (found == params.end()) continue;
            const auto* d = std::get_if<Distribution>(&found->second);
            if (d == nullptr && model.parameters[i].is_file()) continue;
            if (d == nullptr) return;
            Support s = support(*d);
            values[i] = d->a;
            if (s.low == s.high)
                values[i] = s.low;
            else if (std::isinf(s.low) || std::isinf(s.high) || drawn.size() == 8)
                return;
            else {
                if (s.high_open) s.high = std::nextafter(s.high, s.low);
                if (s.low_open) s.low = std::nextafter(s.low, s.high);
                drawn.emplace_back(i, s);
            }
        }
        for (const ParameterRelation& relation : model.relations) {
            for (std::size_t corner = 0; corner < (std::size_t{1} << drawn.size()); ++corner) {
                for (std::size_t j = 0; j < drawn.size(); ++j)
                    values[drawn[j].first] = (corner >> j & 1U) != 0 ? drawn[j].second.high : drawn[j].second.low;
                if (relation.holds(values.data())) continue;
                std::string given;
                for (std::size_t i = 0; i < values.size(); ++i)
                    if (relation.text.find(model.parameters[i].name) != std::string_view::npos)
                        given += fmt::format("{}{} = {}", given.empty() ? "" : ", ", model.parameters[i].name,
                                             with_unit(values[i], model.parameters[i].unit));
                fail(path, fmt::format("{} needs {}, but {}", model.name, relation.text, given), "change one of them");
                break;
            }
        }
    }

    void check_populations() {
        if (e_.populations.empty()) fail("populations", "there are no populations", "add [populations.NAME]");
        std::set<std::string> seen;
        for (Population& p : e_.populations) {
            const std::string path = "populations." + p.name;
            if (is_unread(path)) continue;
            if (!seen.insert(p.name).second)
                fail(path, fmt::format("there are two populations '{}'", p.name), "rename one");
            const auto allowed = [](char c) {
                return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                       c == '-' || c == '+';
            };
            if (p.name.empty() || p.name.size() > 200 || !std::all_of(p.name.begin(), p.name.end(), allowed))
                fail(path, fmt::format("'{}' can't be the name of a population", p.name),
                     "use letters, digits, _, - and +");
            if (p.size == 0)
                fail(path + ".size", "is 0, but must be at least 1", "give a size or remove the population");
            else if (p.size > largest_population)
                fail(path + ".size", fmt::format("is {}, but must be at most 2^40 = {}", p.size, largest_population),
                     "give a smaller size");
            check_positions(p, path + ".positions");
            const ModelInfo* model = find_model(p.model);
            if (model == nullptr) {
                std::vector<std::string> known;
                for (const ModelInfo* m : all_models())
                    if (m->kind != ModelInfo::Kind::current_generator) known.emplace_back(m->name);
                fail(path + ".model", fmt::format("there is no model '{}'", p.model), suggestion(p.model, known));
                continue;
            }
            if (model->kind == ModelInfo::Kind::current_generator) {
                fail(path + ".model", fmt::format("{} has no spikes and can only be a stimulus", p.model),
                     "use it in [[stimuli]]");
                continue;
            }
            check_parameters(*model, p.params, path + ".params", size_known(p.name) ? p.size : 0);
            if (model->receptor_list >= 0) {
                model = model_of(p); // checked above where it has none or too many receptors
                if (model == nullptr) continue;
            } else if (model->name == "cable_neuron") {
                if (p.cable == nullptr) {
                    if (!is_unread(path + ".morphology"))
                        fail(path, fmt::format("{} needs a morphology", p.model),
                             "give morphology = { sections = [...] } or { swc = \"FILE\" }");
                    continue;
                }
                model = p.cable.get();
            } else if (p.cable != nullptr) {
                fail(path + ".morphology", fmt::format("{} has no compartments", p.model), "use model cable_neuron");
            }
            for (const auto& [name, value] : p.init) {
                const std::string at = path + ".init." + name;
                const int index = model->variable(name);
                if (index < 0 || !model->variables[static_cast<std::size_t>(index)].visible) {
                    std::vector<std::string> known;
                    for (const VariableInfo& v : model->variables)
                        if (v.visible && !v.derived) known.emplace_back(v.name);
                    fail(at, fmt::format("{} has no state variable '{}'", model->name, name), suggestion(name, known));
                    continue;
                }
                if (model->variables[static_cast<std::size_t>(index)].derived) {
                    fail(at,
                         fmt::format("{} of {} is computed in every step and can't be initialised", name, model->name),
                         "initialise what it is computed from");
                    continue;
                }
                check_value(name, value,
                            {"", model->variables[static_cast<std::size_t>(index)].unit, 0.0, any_value, ""}, false,
                            at);
            }
        }
    }

    void check_positions(const Population& p, const std::string& path) {
        const Positions& q = p.positions;
        if (q.kind == Positions::Kind::none || is_unread(path)) return;
        if (q.dimensions != 2 && q.dimensions != 3)
            return fail(path, fmt::format("has {} dimensions, but must have 2 or 3", q.dimensions), "correct it");
        double cells = 1.0;
        for (std::size_t i = 0; i < q.dimensions; ++i) {
            if (!(q.extent[i] > 0.0) || !std::isfinite(q.extent[i]))
                return fail(path + ".extent",
                            fmt::format("is {} along axis {}, but must be > 0 um", with_unit(q.extent[i], "um"), i),
                            "give the sides of the box");
            if (!std::isfinite(q.centre[i])) return fail(path + ".centre", "isn't finite", "give finite numbers");
            cells *= static_cast<double>(q.shape[i]);
        }
        if (q.kind == Positions::Kind::grid && size_known(p.name) && cells != static_cast<double>(p.size))
            fail(path + ".grid", fmt::format("has {} cells, but the population has {} neurons", cells, p.size),
                 "make the product of the counts the size");
    }

    /// Clamps a selection; false where it isn't usable (and said so, or its size isn't known).
    bool selection(Selection& s, const std::string& path) {
        if (is_unread(path)) return false;
        const Population* p = e_.find_population(s.population);
        if (p == nullptr) {
            fail(path, fmt::format("there is no population '{}'", s.population),
                 suggestion(s.population, population_names()));
            return false;
        }
        if (!size_known(s.population) || is_unread("populations." + s.population)) return false;
        if (!s.list.empty()) {
            for (std::size_t i = 0; i < s.list.size(); ++i) {
                if (s.list[i] >= p->size) {
                    fail(path,
                         fmt::format("the index {} is out of range, {} has {} neurons", s.list[i], p->name, p->size),
                         "count from 0");
                    return false;
                }
                if (i > 0 && s.list[i] <= s.list[i - 1]) {
                    fail(path, fmt::format("the index {} comes after {}", s.list[i], s.list[i - 1]),
                         "indices must ascend and be distinct");
                    return false;
                }
            }
            return true;
        }
        if (s.step == 0) {
            fail(path, "the slice has a step of 0", "give a step >= 1");
            return false;
        }
        if (s.end == std::numeric_limits<std::uint64_t>::max()) s.end = p->size;
        if (s.end > p->size) {
            fail(path, fmt::format("the slice ends at {}, but {} has {} neurons", s.end, p->name, p->size),
                 "end it at the size at most");
            return false;
        }
        if (s.begin >= s.end) {
            fail(path, fmt::format("the slice from {} to {} is empty", s.begin, s.end), "it needs begin < end");
            return false;
        }
        return true;
    }
    static std::uint64_t count(const Selection& s) {
        return s.list.empty() ? (s.end - s.begin + s.step - 1) / s.step : s.list.size();
    }

    void check_receptor(const Population& target, const std::string& receptor, const std::string& path,
                        const std::string& object) {
        const ModelInfo* model = model_of(target);
        if (model == nullptr) return;
        if (model->receptor_list >= 0 &&
            is_unread("populations." + target.name + ".params." + std::string(receptor_parameter(*model))))
            return; // how many receptors there are isn't known
        if (model->receptors.empty()) {
            fail(object, fmt::format("{} receives no spikes", model->name), "choose a target with receptors");
        } else if (!receptor.empty() && model->receptor(receptor) < 0) {
            if (model->receptor_list >= 0)
                fail(path + ".receptor",
                     fmt::format("{} has no receptor '{}': {} of {} makes {}", model->name, receptor,
                                 receptor_parameter(*model), target.name, model->receptors.size()),
                     fmt::format("give a number from 1 to {}, or more values in {}", model->receptors.size(),
                                 receptor_parameter(*model)));
            else
                fail(path + ".receptor", fmt::format("{} has no receptor '{}'", model->name, receptor),
                     suggestion(receptor, names_of(model->receptors)));
        } else if (receptor.empty() && model->receptor_list >= 0 && model->receptors.size() > 1) {
            fail(path, fmt::format("names no receptor, but {} has {}", target.name, model->receptors.size()),
                 fmt::format("add receptor = 1 (to {})", model->receptors.size()));
        } else if (receptor.empty() && cable_of(*model) != nullptr && model->receptors.size() > 1) {
            fail(object, fmt::format("{} has {} sites, and none is named", target.name, model->receptors.size()),
                 fmt::format("give receptor; {}", suggestion("", names_of(model->receptors))));
        }
    }

    static std::string_view receptor_parameter(const ModelInfo& model) {
        return model.parameters[static_cast<std::size_t>(model.receptor_list)].name;
    }

    void check_delay(double ms, const std::string& path) {
        if (!resolution_known() || is_unread(path)) return;
        const double h = e_.simulation.resolution_ms();
        if (!std::isfinite(ms))
            fail(path, fmt::format("is {}, but must be a finite time", ms), "give a time");
        else if (ms < h * (1.0 - 1e-9))
            fail(path, fmt::format("{} is below the resolution {}", with_unit(ms, "ms"), resolution()),
                 "give at least one step");
        else if (ms > longest_delay_steps * h)
            fail(
                path,
                fmt::format("{} is longer than {} steps of {}", with_unit(ms, "ms"), longest_delay_steps, resolution()),
                "shorten it or take a coarser resolution");
        else
            on_grid(ms, path);
    }

    void check_drawn_delays(const Delay& d, const std::string& path) {
        const double h = e_.simulation.resolution_ms();
        const bool redraw = d.law.outside == Distribution::Outside::redraw;
        if (redraw && d.per_distance == 0.0 && support(d.law).high < 0.5 * h)
            fail(path, fmt::format("all delays are below half a step of {}", resolution()), "give longer delays");
        else if (redraw && d.per_distance != 0.0 && support(d.law).high < 0.5 * h)
            fail(path,
                 fmt::format("ends at {}, so that neurons close to each other could never have half a step of {}",
                             with_unit(support(d.law).high, "ms"), resolution()),
                 "give longer delays, or outside = \"clip\" for one step there");
        else if (const double longest = Sampler(d.law).highest(); !(longest < (longest_delay_steps + 0.5) * h))
            fail(path,
                 fmt::format("draws delays of up to {:.6g} ms, longer than {} steps of {}", longest,
                             longest_delay_steps, resolution()),
                 "bound the law with high, or take a coarser resolution");
    }

    /// A law whose numbers can be stored.
    void check_weight(const Distribution& d, const std::string& path, std::string_view unit) {
        if (!check_law(d, path, unit)) return;
        const Sampler sampler(d);
        const double most = std::max(std::abs(sampler.lowest()), std::abs(sampler.highest()));
        if (!(most <= largest_weight))
            fail(path,
                 fmt::format("{} a weight of {:.6g} in size, but at most {:.6g} can be stored",
                             d.is_constant() ? "is" : "can draw", most, largest_weight),
                 d.is_constant() ? "give a smaller weight" : "bound the law with low and high");
    }

    void check_projection(Projection& p, std::set<std::string>& names) {
        const std::string& path = p.path;
        if (is_unread(path)) return;
        if (!names.insert(p.name).second)
            fail(path + ".name", fmt::format("there are two projections '{}'", p.name), "rename one");
        const bool sources = selection(p.source, path + ".source");
        const bool targets = selection(p.target, path + ".target");
        const Population* target = e_.find_population(p.target.population);
        if (target != nullptr) check_receptor(*target, p.receptor, path, path + ".target");
        if (!is_unread(path + ".weight") && target != nullptr)
            check_weight(p.weight, path + ".weight", weight_unit(model_of(*target), p.receptor));
        const std::string delay = path + ".delay";
        if (!is_unread(delay)) {
            if (!std::isfinite(p.delay.per_distance) || p.delay.per_distance < 0.0)
                fail(delay, fmt::format("per_distance = {} ms/um, but it must be >= 0", p.delay.per_distance),
                     "correct it");
            else if (p.delay.law.is_constant() && p.delay.per_distance == 0.0)
                check_delay(p.delay.law.a, delay);
            else if (check_law(p.delay.law, delay, "ms") && resolution_known())
                check_drawn_delays(p.delay, delay);
            if (p.delay.per_distance > 0.0) needs_positions(p, delay);
            check_delay_parts(p.delay, delay);
        }
        if (!p.synapse.empty() && !is_unread(path + ".synapse")) check_synapse(p, target);
        if (p.normalise_sum != 0.0 && !is_unread(path + ".normalise")) {
            const std::string at = path + ".normalise";
            if (p.synapse.empty())
                fail(at, "static synapses aren't normalised", "give the projection a synapse model, or remove it");
            if (!(p.normalise_sum > 0.0) || !std::isfinite(p.normalise_sum))
                fail(at, "the sum must be > 0", "correct normalise.sum");
            if (!(p.normalise_ms > 0.0) || !std::isfinite(p.normalise_ms))
                fail(at, fmt::format("the interval is {}, but must be > 0 ms", with_unit(p.normalise_ms, "ms")),
                     "correct normalise.interval");
            else
                on_grid(p.normalise_ms, at + ".interval");
        }
        if (!p.weights_file.empty() && p.synapse.empty() && !is_unread(path + ".synapse"))
            fail(path + ".initial_weights", "weights are loaded into plastic synapses, but these are static",
                 "give the projection a synapse model, or its weights in an explicit_list");
        if (!is_unread(path + ".rule")) check_rule(p, sources && targets);
    }

    void check_delay_parts(const Delay& d, const std::string& path) {
        if (!std::isfinite(d.fixed_ms) || d.fixed_ms < 0.0)
            return fail(path, fmt::format("a part is {}, but must be >= 0 ms", with_unit(d.fixed_ms, "ms")),
                        "correct it");
        on_grid(d.fixed_ms, path);
        if (const double rest = support(d.law).low - d.fixed_ms; rest < -1e-9 && d.fixed_ms > 0.0)
            fail(path, fmt::format("a part is {}, but must be >= 0 ms", with_unit(rest, "ms")), "correct it");
    }

    /// Neuromodulators reach all workers of a population at once, and somebody must send what a rule listens to.
    void check_messages(const Projection& p, const SynapseModelInfo& info, const Population* target,
                        const std::string& path) {
        using Role = SynapseModelInfo::Role;
        const auto somebody = [&](Role role) {
            for (const Projection& other : e_.projections) {
                const SynapseModelInfo* model = find_synapse_model(other.synapse);
                if (model != nullptr && model->role == role && other.target.population == p.target.population)
                    return true;
            }
            return false;
        };
        if (info.role == Role::modulator) {
            const bool whole = target != nullptr && p.target.list.empty() && p.target.begin == 0 &&
                               p.target.end >= target->size && p.target.step == 1;
            if (p.rule.kind != Rule::Kind::all_to_all || (target != nullptr && !whole))
                fail(path, "a volume_transmitter reaches all synapses onto a population, but this one has part of it",
                     "use rule = \"all_to_all\" and the whole population as target");
            if (!p.weight.is_constant() || !p.delay.law.is_constant() || p.delay.per_distance > 0.0)
                fail(path, "a volume_transmitter has one weight and one delay", "use constants");
        }
        if (info.neuromodulated && !somebody(Role::modulator))
            fail(path, fmt::format("{} follows a neuromodulator, but nothing releases one", p.synapse),
                 fmt::format("add a projection onto '{}' with synapse = \"volume_transmitter\"", p.target.population));
        if (info.teacher && !somebody(Role::teacher))
            fail(path, fmt::format("{} follows a teacher, but there is none", p.synapse),
                 fmt::format("add a projection onto '{}' with synapse = \"teacher\"", p.target.population));
    }

    void check_synapse(const Projection& p, const Population* target) {
        const std::string path = p.path + ".synapse";
        const SynapseModelInfo* info = find_synapse_model(p.synapse);
        if (info == nullptr) {
            std::vector<std::string> known;
            for (const SynapseModelInfo* each : all_synapse_models())
                known.emplace_back(each->model.name);
            const std::string at = e_.provenance.count(path + ".model") != 0 ? path + ".model" : path;
            return fail(at, fmt::format("there is no synapse model '{}'", p.synapse), suggestion(p.synapse, known));
        }
        check_parameters(info->model, p.synapse_params, path, 0);
        if (e_.simulation.weights == WeightFormat::compact)
            fail(path, fmt::format("{} changes weights, which are float32, but this run's are compact", p.synapse),
                 "leave out simulation.weights, or write weights = \"float32\"");
        if (e_.simulation.duration_steps >= -std::int64_t{never})
            fail(path,
                 fmt::format("runs with plastic synapses have at most 2^30 steps, this one has {}",
                             e_.simulation.duration_steps),
                 "shorten simulation.duration or take a coarser resolution");
        check_messages(p, *info, target, path);
        const ModelInfo* model = target == nullptr ? nullptr : model_of(*target);
        if (model == nullptr || model->receptors.empty()) return;
        const int named = p.receptor.empty() ? -1 : model->receptor(p.receptor);
        if (!p.receptor.empty() && named < 0) return;
        if (model->receptors[named < 0 ? 0 : static_cast<std::size_t>(named)].counts)
            return fail(path, fmt::format("{} counts spikes and has no use for weights", model->name),
                        "leave synapse out");
        if (const int V = model->variable("V_m");
            info->potential != nullptr && (V < 0 || model->variables[static_cast<std::size_t>(V)].unit != "mV"))
            fail(path, fmt::format("{} follows V_m in mV of its targets, which {} hasn't", p.synapse, model->name),
                 "take a target that has one (`spikecast models NAME` prints its variables)");
        const Support weights = support(p.weight);
        const bool by_sign = p.receptor.empty() && model->receptors.size() > 1;
        if (by_sign && weights.low < 0.0 && weights.high > 0.0 && !is_unread(p.path + ".weight"))
            fail(
                path,
                fmt::format("weights of both signs, in [{}, {}], would go to two receptors", weights.low, weights.high),
                "bound the law of the weight with low or high, or name a receptor");
    }

    bool needs_positions(const Projection& p, const std::string& path) {
        const Population* s = e_.find_population(p.source.population);
        const Population* t = e_.find_population(p.target.population);
        if (s == nullptr || t == nullptr) return false;
        for (const Population* q : {s, t}) {
            if (is_unread("populations." + q->name + ".positions")) return false;
            if (q->positions.kind == Positions::Kind::none) {
                fail(path, fmt::format("depends on distance, but {} has no positions", q->name),
                     fmt::format("add positions to [populations.{}]", q->name));
                return false;
            }
        }
        if (s->positions.dimensions != t->positions.dimensions) {
            fail(path,
                 fmt::format("{} has {} dimensions and {} has {}", s->name, s->positions.dimensions, t->name,
                             t->positions.dimensions),
                 "give both the same");
            return false;
        }
        if (s->positions.periodic != t->positions.periodic ||
            (s->positions.periodic &&
             (s->positions.extent != t->positions.extent || s->positions.centre != t->positions.centre))) {
            fail(path, fmt::format("{} and {} don't lie in the same periodic box", s->name, t->name),
                 "give both the same extent, centre and periodic");
            return false;
        }
        return true;
    }

    void check_rule(const Projection& p, bool sizes_known) {
        using Kind = Rule::Kind;
        const Rule& r = p.rule;
        const std::string path = p.path + ".rule";
        const std::string pair = fmt::format("{} -> {}", p.source.population, p.target.population);
        const double sources = sizes_known ? static_cast<double>(count(p.source)) : 0.0;
        const double targets = sizes_known ? static_cast<double>(count(p.target)) : 0.0;
        const bool same = p.source.population == p.target.population;
        const auto distinct = [&](const char* name, double number, double available, const char* what) {
            if (!sizes_known) return;
            if (!r.allow_autapses && same) {
                if (available <= 1.0 && number > 0.0 && p.source == p.target)
                    return fail(path, fmt::format("{} has only itself, and allow_autapses is false", pair),
                                "allow autapses or take a larger population");
                if (p.source == p.target) available -= 1.0;
            }
            if (!r.allow_multapses && number > available)
                fail(path,
                     fmt::format("{} = {} is larger than the {} {} of {}, and allow_multapses is false", name, number,
                                 available, what, pair),
                     "lower it or allow multapses");
        };
        const auto probability = [&](double x) {
            if (!(x >= 0.0 && x <= 1.0))
                fail(path, fmt::format("the probability is {}, but must lie in [0, 1]", x), "correct it");
        };
        switch (r.kind) {
        case Kind::one_to_one:
            if (sizes_known && sources != targets)
                fail(path, fmt::format("one_to_one needs equal sizes, but {} has {} and {}", pair, sources, targets),
                     "take slices of equal size");
            break;
        case Kind::all_to_all:
            break;
        case Kind::fixed_indegree:
            distinct("fixed_indegree", static_cast<double>(r.number), sources, "sources");
            break;
        case Kind::fixed_outdegree:
            distinct("fixed_outdegree", static_cast<double>(r.number), targets, "targets");
            break;
        case Kind::fixed_total_number:
            if (sizes_known) {
                const double itself = !r.allow_autapses && p.source == p.target ? sources : 0.0;
                const double pairs = sources * targets - itself;
                if (!r.allow_multapses && static_cast<double>(r.number) > pairs)
                    fail(path,
                         fmt::format(
                             "fixed_total_number = {} is larger than the {} pairs of {}, and allow_multapses is false",
                             r.number, pairs, pair),
                         "lower it or allow multapses");
                else if (pairs <= 0.0 && r.number > 0)
                    fail(path, fmt::format("{} has no pair, and allow_autapses is false", pair), "allow autapses");
            }
            break;
        case Kind::pairwise_bernoulli:
            if (r.kernel.kind == DistanceKernel::Kind::none) {
                probability(r.probability);
                break;
            }
            probability(r.kernel.p0);
            if ((r.kernel.kind == DistanceKernel::Kind::gaussian ||
                 r.kernel.kind == DistanceKernel::Kind::exponential) &&
                !(r.kernel.scale > 0.0 && std::isfinite(r.kernel.scale)))
                fail(path,
                     fmt::format("the length of the law over distance is {}, but must be > 0 um",
                                 with_unit(r.kernel.scale, "um")),
                     "correct it");
            if (r.kernel.mask == DistanceKernel::Mask::ball &&
                !(r.kernel.radius > 0.0 && std::isfinite(r.kernel.radius)))
                fail(path,
                     fmt::format("the radius of the ball is {}, but must be > 0 um", with_unit(r.kernel.radius, "um")),
                     "correct it");
            if (needs_positions(p, path) && r.kernel.mask == DistanceKernel::Mask::box) {
                const Population* t = e_.find_population(p.target.population);
                for (std::size_t i = 0; i < t->positions.dimensions; ++i)
                    if (!(r.kernel.half_width[i] > 0.0 && std::isfinite(r.kernel.half_width[i])))
                        fail(path,
                             fmt::format("the box is {} along axis {}, but must be > 0 um",
                                         with_unit(r.kernel.half_width[i], "um"), i),
                             "give half the width along each axis of the positions");
            }
            break;
        case Kind::pairwise_poisson:
            if (!(r.probability >= 0.0 && std::isfinite(r.probability)))
                fail(path, fmt::format("the mean number of synapses of a pair is {}, but must be >= 0", r.probability),
                     "correct it");
            else if (r.probability * sources > largest_indegree)
                fail(path,
                     fmt::format("{} synapses of a pair make {:.6g} of a target, but at most 2^40 are possible",
                                 r.probability, r.probability * sources),
                     "lower the mean");
            break;
        case Kind::symmetric_pairwise_bernoulli:
            probability(r.probability);
            if (sizes_known && !(p.source == p.target))
                fail(path, fmt::format("symmetric_pairwise_bernoulli connects a selection to itself, not {}", pair),
                     "make source and target the same");
            if (r.allow_autapses)
                fail(path, "symmetric_pairwise_bernoulli has no autapses", "leave allow_autapses out");
            break;
        case Kind::explicit_list: {
            std::error_code code;
            if (!std::filesystem::is_regular_file(r.file, code))
                fail(path, fmt::format("the file '{}' doesn't exist", r.file),
                     "paths are relative to the experiment file");
            break;
        }
        }
    }

    void check_stimulus(Stimulus& s, std::set<std::string>& names) {
        const std::string& path = s.path;
        if (is_unread(path)) return;
        if (!names.insert(s.name).second)
            fail(path + ".name", fmt::format("there are two stimuli '{}'", s.name), "rename one");
        selection(s.target, path + ".target");
        const Population* target = e_.find_population(s.target.population);
        const ModelInfo* model = find_model(s.model);
        if (model == nullptr || model->kind == ModelInfo::Kind::neuron) {
            std::vector<std::string> known;
            for (const ModelInfo* m : all_models())
                if (m->kind != ModelInfo::Kind::neuron) known.emplace_back(m->name);
            if (model == nullptr)
                fail(path + ".model", fmt::format("there is no model '{}'", s.model), suggestion(s.model, known));
            else
                fail(path + ".model", fmt::format("{} is a neuron, but a stimulus is a generator", s.model),
                     suggestion(s.model, known));
            return;
        }
        const bool current = model->kind == ModelInfo::Kind::current_generator;
        check_parameters(*model, s.params, path + ".params",
                         target != nullptr && size_known(target->name) ? target->size : 0);
        if (target != nullptr) {
            if (current) {
                const ModelInfo* t = find_model(target->model);
                if (t != nullptr && (t->kind != ModelInfo::Kind::neuron || t->parameter("I_e") < 0))
                    fail(path + ".target", fmt::format("{} takes no current", target->model), "choose another target");
                if (!s.receptor.empty()) fail(path + ".receptor", "currents have no receptor", "remove it");
            } else {
                check_receptor(*target, s.receptor, path, path + ".target");
            }
            if (!is_unread(path + ".weight"))
                check_weight(s.weight, path + ".weight", current ? "1" : weight_unit(model_of(*target), s.receptor));
        }
        if (s.delay_ms != 0.0) check_delay(s.delay_ms, path + ".delay");
    }

    void check_sample(const Selection& s, std::uint64_t sample, const std::string& path) {
        if (sample > count(s))
            fail(path + ".sample", fmt::format("is {}, but {} has {} neurons", sample, s.population, count(s)),
                 "lower it");
    }
    void check_window(double start, double stop, const std::string& path) {
        if (!(start >= 0.0))
            fail(path + ".start", fmt::format("is {}, but must be >= 0 ms", with_unit(start, "ms")), "correct it");
        else if (!(start < stop))
            fail(path + ".stop",
                 fmt::format("start = {} is not before stop = {}", with_unit(start, "ms"), with_unit(stop, "ms")),
                 "correct one of them");
        else {
            on_grid(start, path + ".start");
            on_grid(stop, path + ".stop");
        }
    }
    void check_state_recorder(StateRecorder& r) {
        const bool known = selection(r.source, r.path + ".of");
        if (known) check_sample(r.source, r.sample, r.path);
        check_window(r.start_ms, r.stop_ms, r.path);
        if (r.interval_ms != 0.0) {
            if (!(r.interval_ms > 0.0))
                fail(r.path + ".interval",
                     fmt::format("{} is not a possible interval: it must be > 0 ms", with_unit(r.interval_ms, "ms")),
                     "leave it out for every step");
            else
                on_grid(r.interval_ms, r.path + ".interval");
        }
        const Population* p = e_.find_population(r.source.population);
        const ModelInfo* model = p == nullptr ? nullptr : model_of(*p);
        if (model == nullptr) return;
        std::vector<std::string> names;
        for (const VariableInfo& v : model->variables)
            if (v.visible) names.emplace_back(v.name);
        std::set<std::string> seen;
        for (const std::string& v : r.variables) {
            const int number = find_variable(*model, v);
            if (number < 0 || !model->variables[static_cast<std::size_t>(number)].visible)
                fail(r.path + ".variables", fmt::format("{} has no state variable '{}'", model->name, v),
                     suggestion(v, names));
            else if (!seen.insert(v).second)
                fail(r.path + ".variables", fmt::format("names '{}' twice", v), "remove one");
        }
    }

    void check_weight_recorder(const WeightRecorder& r) {
        std::vector<std::string> plastic;
        const Projection* found = nullptr;
        for (const Projection& p : e_.projections) {
            const SynapseModelInfo* info = find_synapse_model(p.synapse);
            if (info != nullptr && info->role == SynapseModelInfo::Role::synapse) plastic.push_back(p.name);
            if (p.name == r.projection) found = &p;
        }
        const std::string at = r.path + ".weights";
        if (std::find(plastic.begin(), plastic.end(), r.projection) == plastic.end()) {
            if (found != nullptr && is_unread(found->path + ".synapse")) return;
            fail(at,
                 found == nullptr ? fmt::format("there is no projection '{}'", r.projection)
                                  : fmt::format("the weights of '{}' never change", r.projection),
                 found == nullptr && !plastic.empty() ? suggestion(r.projection, plastic)
                                                      : "record weights of a projection with a synapse model");
        } else if (r.projection.find('/') != std::string::npos) {
            fail(at, fmt::format("'{}' can't be a name in the result file, because of its /", r.projection),
                 "give the projection another name");
        }
        check_window(r.start_ms, r.stop_ms, r.path);
        if (!std::isfinite(r.interval_ms) || r.interval_ms < 0.0)
            fail(r.path + ".interval",
                 fmt::format("{} is not a possible interval: it must be > 0 ms", with_unit(r.interval_ms, "ms")),
                 "correct it");
        else if (r.interval_ms > 0.0)
            on_grid(r.interval_ms, r.path + ".interval");
        else if (r.changes)
            fail(r.path + ".changes", "is for weights at an interval only", "add interval, or remove it");
    }

    Experiment& e_;
    std::vector<Diagnostic>& errors_;
    const std::set<std::string>& unread_;
};

} // namespace

std::string with_unit(double value, std::string_view unit) {
    return unit.empty() || unit == "1" ? fmt::format("{}", value) : fmt::format("{} {}", value, unit);
}

std::string nearest_multiples(double time_ms, const SimulationSettings& simulation) {
    const double h = simulation.resolution_ms();
    const double n = time_ms / h;
    if (!(h > 0.0) || !std::isfinite(n)) return {};
    if (std::abs(n - std::round(n)) <= 1e-9 * std::max(1.0, std::abs(n)) || std::abs(n) > 9e18) return {};
    const auto below = static_cast<std::int64_t>(std::floor(n));
    // Correctly rounded from the integer, so that messages say 0.3 ms and not 0.30000000000000004 ms.
    const auto time = [&](std::int64_t k) {
        return with_unit(static_cast<double>(k) * static_cast<double>(simulation.resolution_ps) / 1e9, "ms");
    };
    return fmt::format("{} and {}", time(below), time(below + 1));
}

const ModelInfo* model_of(const Population& population) {
    const ModelInfo* model = find_model(population.model);
    if (model != nullptr && model->name == "cable_neuron") return population.cable.get();
    if (model == nullptr || model->receptor_list < 0) return model;
    const ParameterInfo& info = model->parameters[static_cast<std::size_t>(model->receptor_list)];
    const auto given = population.params.find(std::string(info.name));
    const auto* list = given == population.params.end() ? nullptr : std::get_if<std::vector<double>>(&given->second);
    return model->with_receptors(list == nullptr ? info.default_list.size() : list->size());
}

std::string weight_unit(const ModelInfo* info, const std::string& receptor) {
    if (info == nullptr || info->receptors.empty()) return "1";
    const int index = receptor.empty() ? 0 : info->receptor(receptor);
    return index < 0 ? "1" : std::string(info->receptors[static_cast<std::size_t>(index)].weight_unit);
}

void check(Experiment& experiment, std::vector<Diagnostic>& errors, const std::set<std::string>& unread) {
    Checker(experiment, errors, unread).run();
}

void tidy(std::vector<Diagnostic>& errors) {
    std::set<std::tuple<std::string, std::uint32_t, std::uint32_t, std::string>> seen;
    std::vector<Diagnostic> kept;
    for (Diagnostic& d : errors)
        if (seen.insert({d.where.file, d.where.line, d.where.column, d.message}).second) kept.push_back(std::move(d));
    std::stable_sort(kept.begin(), kept.end(), [](const Diagnostic& a, const Diagnostic& b) {
        return std::tie(a.where.file, a.where.line, a.where.column) <
               std::tie(b.where.file, b.where.line, b.where.column);
    });
    errors = std::move(kept);
}

void validate(Experiment& experiment) {
    std::vector<Diagnostic> errors;
    if (experiment.provenance.empty()) experiment.provenance[""] = {"<code>", 0, 0};
    check(experiment, errors, {});
    if (errors.empty()) return;
    tidy(errors);
    throw InputError(std::move(errors));
}

} // namespace spikecast
