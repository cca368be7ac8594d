#include "engine/experiment/reader.hpp"

#include "engine/data/hdf5_input.hpp"
#include "engine/experiment/check.hpp"
#include "engine/experiment/document.hpp"
#include "engine/experiment/machine_words.hpp"
#include "engine/experiment/quantity.hpp"
#include "engine/experiment/schema.hpp"
#include "engine/experiment/swc.hpp"
#include "spikecast/distributions.hpp"
#include "spikecast/math.hpp"
#include "spikecast/model.hpp"
#include "spikecast/plasticity.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

namespace spikecast {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Which element of a list or matrix is meant while the pairs of a block are read one by one.
struct Cell {
    enum class Kind { none, pair, target } kind = Kind::none;
    std::size_t row = 0, rows = 0;       ///< targets
    std::size_t column = 0, columns = 0; ///< sources
};

double mean_of(const Distribution& d) {
    switch (d.kind) {
    case Distribution::Kind::uniform:
        return 0.5 * (d.a + d.b);
    case Distribution::Kind::lognormal:
        return math::exp(d.a + 0.5 * d.b * d.b);
    default:
        return d.a;
    }
}

Distribution scaled(Distribution d, double factor) {
    d.low *= factor;
    d.high *= factor;
    if (d.kind == Distribution::Kind::lognormal) {
        d.a += math::log(factor);
    } else {
        d.a *= factor;
        d.b *= factor;
    }
    return d;
}

/// A scaled count; far beyond what fits anywhere it stays a number that can be refused.
std::uint64_t rounded(double count) {
    return static_cast<std::uint64_t>(std::round(std::min(count, 9e18)));
}

class Reader {
public:
    Experiment experiment;
    std::vector<Diagnostic> errors;
    std::vector<std::string> files; ///< read or named
    std::set<std::string> unread;

    void read(const std::string& path, const std::vector<std::string>& overrides) {
        read(read_document(path, errors), path, overrides);
    }
    void read(Document document, const std::string& path, const std::vector<std::string>& overrides) {
        if (!errors.empty()) return; // what includes would have brought can't be judged
        directory_ = document.directory;
        for (std::string& file : document.files)
            note(std::move(file));
        experiment.directory = document.directory;
        experiment.text = std::move(document.text);
        experiment.overrides = overrides;
        root_ = std::move(document.root);
        apply_variants_and_overrides(root_, overrides, errors);
        root_.where = {path, 1, 1};
        record_places(root_, "");

        const Table file(*this, root_, "", "file");
        experiment.title = text(file, "title", "");
        read_constants(file);
        read_parameter_sets(file);
        read_scaling(file);
        read_simulation(file);
        read_machine(file);
        read_populations(file);
        each(file, "projections", [&](const Node& node, const std::string& at) { read_projection(node, at); });
        if (plastic() && !weights_given_) experiment.simulation.weights = WeightFormat::float32;
        each(file, "stimuli", [&](const Node& node, const std::string& at) { read_stimulus(node, at); });
        each(file, "recorders", [&](const Node& node, const std::string& at) { read_recorder(node, at); });
        read_reference(file);
        if (const Node* variants = file.find("variants"); variants != nullptr && !variants->is_table())
            wrong_kind(*variants, "variants", "a table of variants");
        compensate();
        if (probe_inputs()) check(experiment, errors, unread);
    }

private:
    /// A table with its declaration: every key that isn't declared is an error.
    struct Table {
        Table(Reader& reader, const Node& n, std::string where, const char* declared)
            : node(n), path(std::move(where)), info(schema_table(declared)) {
            if (!node.is_table()) {
                reader.wrong_kind(node, path, "a table");
                return;
            }
            for (const Node::Member& m : node.members) {
                if (info.open || info.find(m.key) != nullptr) continue;
                std::vector<std::string> known;
                for (const KeyInfo& k : info.keys)
                    known.emplace_back(k.name);
                reader.fail(reader.joined(path, m.key), m.where, fmt::format("unknown key '{}'", m.key),
                            suggestion(m.key, known));
            }
        }
        [[nodiscard]] const Node* find(const std::string& key) const {
            if (info.find(key) == nullptr) throw std::logic_error("key " + key + " isn't declared in the schema");
            return node.is_table() ? node.find(key) : nullptr;
        }
        const Node& node;
        std::string path;
        const TableInfo& info;
    };

    // ---- messages ----

    static std::string joined(const std::string& path, const std::string& key) {
        return path.empty() ? key : path + "." + key;
    }
    void fail(const std::string& path, const Where& where, std::string message, std::string remedy) {
        unread.insert(path);
        errors.push_back({where, path, std::move(message), std::move(remedy)});
    }
    void wrong_kind(const Node& node, const std::string& path, const std::string& wanted) {
        fail(path, node.where, fmt::format("is {}, but must be {}", node.kind_name(), wanted),
             "see docs/experiment_format.md");
    }
    void missing(const Table& table, const std::string& key) {
        fail(joined(table.path, key), table.node.where, fmt::format("the key '{}' is missing", key), "add it");
    }
    void record_places(const Node& node, const std::string& path) {
        experiment.provenance[path] = node.where;
        for (const Node::Member& m : node.members)
            record_places(m.value, joined(path, m.key));
        for (std::size_t i = 0; i < node.elements.size(); ++i)
            if (node.elements[i].is_table()) record_places(node.elements[i], fmt::format("{}[{}]", path, i));
    }

    // ---- values ----

    std::string text(const Table& table, const char* key, const std::string& otherwise) {
        const Node* node = table.find(key);
        if (node == nullptr) return otherwise;
        if (!node->is_string()) {
            wrong_kind(*node, joined(table.path, key), "a string");
            return otherwise;
        }
        return node->string;
    }
    /// A name, or the number of one that a list parameter makes.
    std::string receptor_name(const Table& table) {
        const Node* node = table.find("receptor");
        if (node != nullptr && node->kind == Node::Kind::integer) return node->text();
        return text(table, "receptor", "");
    }
    bool flag(const Table& table, const char* key, bool otherwise) {
        const Node* node = table.find(key);
        if (node == nullptr) return otherwise;
        if (node->kind != Node::Kind::boolean) {
            wrong_kind(*node, joined(table.path, key), "true or false");
            return otherwise;
        }
        return node->boolean;
    }
    template <class T>
    T choice(const Node* node, const std::string& path, T otherwise,
             std::initializer_list<std::pair<const char*, T>> options) {
        if (node == nullptr) return otherwise;
        if (!node->is_string()) {
            wrong_kind(*node, path, "a name");
            return otherwise;
        }
        std::vector<std::string> known;
        for (const auto& [name, value] : options) {
            if (node->string == name) return value;
            known.emplace_back(name);
        }
        fail(path, node->where, fmt::format("unknown choice '{}'", node->string), suggestion(node->string, known));
        return otherwise;
    }
    template <class Each>
    void each(const Table& table, const char* key, Each&& what) {
        const Node* node = table.find(key);
        if (node == nullptr) return;
        if (!node->is_array()) return wrong_kind(*node, key, fmt::format("a list of tables, [[{}]]", key));
        for (std::size_t i = 0; i < node->elements.size(); ++i)
            what(node->elements[i], fmt::format("{}[{}]", key, i));
    }

    /// Names in an expression, for the order of constants and for silence about what follows from another mistake.
    static std::set<std::string> names_in(const std::string& expression) {
        std::set<std::string> names;
        std::string name;
        const auto letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; };
        for (const char c : expression + " ") {
            if (letter(c) || (!name.empty() && std::isdigit(static_cast<unsigned char>(c)) != 0)) {
                name += c;
            } else if (!name.empty()) {
                names.insert(name);
                name.clear();
            }
        }
        return names;
    }
    bool depends_on_broken(const std::string& expression) const {
        const std::set<std::string> names = names_in(expression);
        return std::any_of(names.begin(), names.end(), [&](const std::string& n) { return broken_.count(n) != 0; });
    }

    /// A number in `unit`; nothing, and a message, where it isn't one.
    std::optional<double> quantity(const Node& node, const std::string& unit, const std::string& path,
                                   bool may_be_infinite = false) {
        double value = 0.0;
        if (node.kind == Node::Kind::integer) {
            value = static_cast<double>(node.integer);
        } else if (node.kind == Node::Kind::floating) {
            value = node.floating;
        } else if (node.is_string()) {
            if (depends_on_broken(node.string)) {
                unread.insert(path);
                return std::nullopt;
            }
            try {
                if (may_be_infinite && node.string == "inf") return infinity;
                value = in_unit(evaluate(node.string, constants_), unit, node.string);
            } catch (const QuantityError& e) {
                fail(path, node.where, e.what(), e.remedy());
                return std::nullopt;
            }
        } else {
            wrong_kind(node, path,
                       unit == "1" ? "a number" : fmt::format("a number (in {}) or a string with a unit", unit));
            return std::nullopt;
        }
        if (!std::isfinite(value) && !(may_be_infinite && value > 0)) {
            fail(path, node.where, fmt::format("is {}, but must be a finite number", value), "give a finite number");
            return std::nullopt;
        }
        return value;
    }

    /// The element of a list or matrix that a cell means; the node itself where it is neither.
    const Node* pick(const Node& node, const Cell& cell, const std::string& path) {
        if (!node.is_array()) return &node;
        const auto wrong_size = [&](std::size_t size, std::size_t wanted, const char* of) {
            fail(path, node.where, fmt::format("has {} elements, but there are {} {}", size, wanted, of),
                 "a list goes by source (in stimuli by target), a matrix has a row for each target and a column for "
                 "each source");
            return nullptr;
        };
        if (cell.kind == Cell::Kind::none) {
            wrong_kind(node, path, "one value");
            return nullptr;
        }
        const std::size_t size = node.elements.size();
        if (cell.kind == Cell::Kind::target) {
            if (size != cell.rows) return wrong_size(size, cell.rows, "targets");
            return &node.elements[cell.row];
        }
        if (size > 0 && node.elements[0].is_array()) {
            if (size != cell.rows) return wrong_size(size, cell.rows, "targets");
            for (const Node& row : node.elements) {
                if (!row.is_array()) {
                    wrong_kind(row, path, "a row of the matrix");
                    return nullptr;
                }
                if (row.elements.size() != cell.columns) {
                    fail(path, row.where,
                         fmt::format("the row has {} elements, but there are {} sources", row.elements.size(),
                                     cell.columns),
                         "a matrix has a row for each target and a column for each source");
                    return nullptr;
                }
            }
            return &node.elements[cell.row].elements[cell.column];
        }
        if (size != cell.columns) return wrong_size(size, cell.columns, "sources");
        return &node.elements[cell.column];
    }
    std::optional<double> quantity(const Node& node, const std::string& unit, const std::string& path,
                                   const Cell& cell) {
        const Node* one = pick(node, cell, path);
        if (one == nullptr) return std::nullopt;
        return quantity(*one, unit, path);
    }
    /// A whole number >= 0 as a double.
    std::optional<double> count(const Node& node, const std::string& path, const Cell& cell) {
        const Node* one = pick(node, cell, path);
        if (one == nullptr) return std::nullopt;
        const std::optional<double> value = quantity(*one, "1", path);
        if (!value) return std::nullopt;
        const double whole = std::round(*value);
        if (!(*value >= 0.0) || std::abs(*value - whole) > std::min(1e-9 * whole, 1e-3)) {
            fail(path, one->where, fmt::format("is {}, but must be a whole number >= 0", *value), "give a count");
            return std::nullopt;
        }
        if (whole > 9e18) {
            fail(path, one->where, fmt::format("is {}, but must be at most 9e18", *value), "give a smaller number");
            return std::nullopt;
        }
        return whole;
    }
    std::optional<std::uint64_t> whole(const Table& table, const char* key) {
        const Node* node = table.find(key);
        if (node == nullptr) return std::nullopt;
        const std::string path = joined(table.path, key);
        if (node->kind == Node::Kind::integer && node->integer >= 0) return static_cast<std::uint64_t>(node->integer);
        const std::optional<double> value = count(*node, path, {});
        return value ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
    }

    /// A law; per_distance is where the table may say so (delays).
    std::optional<Distribution> law(const Node& given, const std::string& unit, const std::string& path,
                                    const Cell& cell, double* per_distance = nullptr) {
        const Node* node = pick(given, cell, path);
        if (node == nullptr) return std::nullopt;
        if (!node->is_table()) {
            const auto value = quantity(*node, unit, path);
            return value ? std::optional(Distribution::constant(*value)) : std::nullopt;
        }
        const Table table(*this, *node, path, "law");
        static const char* kinds[] = {"constant", "uniform", "normal", "lognormal", "exponential"};
        const char* kind = nullptr;
        for (const char* k : kinds) {
            if (table.find(k) == nullptr) continue;
            if (kind != nullptr) {
                fail(path, node->where, fmt::format("gives two laws, {} and {}", kind, k), "keep one");
                return std::nullopt;
            }
            kind = k;
        }
        if (kind == nullptr) {
            unread.insert(path);
            for (const Node::Member& m : node->members) // a misspelt law has been reported already
                if (table.info.find(m.key) == nullptr) return std::nullopt;
            fail(path, node->where, "names no law", "give one of constant, uniform, normal, lognormal, exponential");
            return std::nullopt;
        }
        const std::string at = joined(path, kind);
        const Node& inner = *table.find(kind);
        const std::string which = kind;
        Distribution d;
        bool good = true;
        const auto put = [&](double& where, const Node* from, const std::string& u, const std::string& p) {
            if (from == nullptr) return;
            if (const auto value = quantity(*from, u, p, cell))
                where = *value;
            else
                good = false;
        };
        // Two numbers as a list or by name.
        const auto two = [&](const char* first, const std::string& u) -> std::pair<const Node*, const Node*> {
            if (inner.is_array()) {
                if (inner.elements.size() != 2) {
                    fail(at, inner.where, fmt::format("has {} elements, but needs two", inner.elements.size()),
                         "write both numbers, or a table with their names");
                    good = false;
                    return {};
                }
                put(d.a, &inner.elements[0], u, at);
                put(d.b, &inner.elements[1], u, at);
                return {};
            }
            const Table t(*this, inner, at, kind);
            if (!inner.is_table()) {
                good = false;
                return {};
            }
            if (t.find(first) == nullptr) {
                missing(t, first);
                good = false;
                return {};
            }
            put(d.a, t.find(first), u, joined(at, first));
            return {&inner, nullptr};
        };
        const auto second = [&](const char* name, const std::string& u) {
            const Table t(*this, inner, at, kind);
            if (t.find(name) == nullptr) {
                missing(t, name);
                good = false;
                return;
            }
            put(d.b, t.find(name), u, joined(at, name));
        };
        if (which == "constant") {
            d.kind = Distribution::Kind::constant;
            put(d.a, &inner, unit, at);
        } else if (which == "uniform") {
            d.kind = Distribution::Kind::uniform;
            if (two("low", unit).first != nullptr) second("high", unit);
        } else if (which == "normal") {
            d.kind = Distribution::Kind::normal;
            if (two("mean", unit).first != nullptr) {
                const Node* relative = inner.find("std_relative");
                if (relative != nullptr && inner.find("std") != nullptr) {
                    fail(at, inner.where, "gives both std and std_relative", "keep one");
                    good = false;
                } else if (relative != nullptr) {
                    double r = 0.0;
                    put(r, relative, "1", joined(at, "std_relative"));
                    d.b = r * std::abs(d.a);
                } else {
                    second("std", unit);
                }
            }
        } else if (which == "lognormal") {
            d.kind = Distribution::Kind::lognormal;
            if (two("mu", "1").first != nullptr) second("sigma", "1");
        } else {
            d.kind = Distribution::Kind::exponential;
            if (inner.is_table()) {
                const Table t(*this, inner, at, "exponential");
                if (t.find("mean") == nullptr) {
                    missing(t, "mean");
                    good = false;
                }
                put(d.a, t.find("mean"), unit, joined(at, "mean"));
            } else {
                put(d.a, &inner, unit, at);
            }
        }
        put(d.low, table.find("low"), unit, joined(path, "low"));
        put(d.high, table.find("high"), unit, joined(path, "high"));
        d.outside = choice(table.find("outside"), joined(path, "outside"), Distribution::Outside::redraw,
                           {{"redraw", Distribution::Outside::redraw}, {"clip", Distribution::Outside::clip}});
        if (flag(table, "sign_kept", false)) {
            if (mean_of(d) >= 0.0)
                d.low = std::max(d.low, 0.0);
            else
                d.high = std::min(d.high, 0.0);
        }
        if (const Node* slope = table.find("per_distance")) {
            if (per_distance == nullptr)
                fail(joined(path, "per_distance"), slope->where, "is for delays only", "remove it");
            else
                put(*per_distance, slope, "ms/um", joined(path, "per_distance"));
        }
        if (!good) {
            unread.insert(path);
            return std::nullopt;
        }
        return d;
    }

    /// Every file that the experiment names goes through here.
    std::string resolved(const std::string& file) {
        const std::filesystem::path path(file);
        std::string found = path.is_absolute() || directory_.empty()
                                ? file
                                : (std::filesystem::path(directory_) / path).generic_string();
        note(found);
        return found;
    }
    void note(std::string file) {
        if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(std::move(file));
    }

    /// HDF5 files are opened by a process of their own before this one does. False where one brings the library down.
    bool probe_inputs() {
        std::map<std::string, std::set<std::string>> datasets; // by file
        const auto arrays = [&](const ParameterValues& values) {
            for (const auto& [name, value] : values)
                if (const auto* array = std::get_if<ArrayFile>(&value))
                    for (const char* part : {"", "/timestamps", "/node_ids"})
                        datasets[array->file].insert(array->dataset + part);
        };
        for (const Population& p : experiment.populations) {
            arrays(p.params);
            arrays(p.init);
        }
        for (const Stimulus& s : experiment.stimuli)
            arrays(s.params);
        for (const Projection& p : experiment.projections) {
            arrays(p.synapse_params);
            for (const char* column : {"/source", "/target", "/weight", "/delay"}) {
                if (!p.rule.file.empty()) datasets[p.rule.file].insert(p.rule.dataset + column);
                if (!p.weights_file.empty())
                    datasets[p.weights_file].insert("/weights/" + p.weights_projection + column);
            }
        }
        const std::size_t before = errors.size();
        for (const auto& [file, names] : datasets) {
            try {
                hdf5::probe(file, "HDF5", {names.begin(), names.end()});
            } catch (const InputError& e) {
                errors.insert(errors.end(), e.diagnostics().begin(), e.diagnostics().end());
            }
        }
        return errors.size() == before;
    }

    // ---- sections ----

    void read_constants(const Table& file) {
        const Node* node = file.find("constants");
        if (node == nullptr) return;
        const Table table(*this, *node, "constants", "[constants]");
        std::vector<const Node::Member*> pending;
        for (const Node::Member& m : node->members) {
            pending.push_back(&m);
            const auto named = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
            if (!std::all_of(m.key.begin(), m.key.end(), named) || m.key.empty() ||
                std::isdigit(static_cast<unsigned char>(m.key[0])) != 0) {
                fail("constants." + m.key, m.where, fmt::format("'{}' can't be used as a name in expressions", m.key),
                     "use letters, digits and _");
                pending.pop_back();
            }
        }
        while (!pending.empty()) {
            std::vector<const Node::Member*> rest;
            for (const Node::Member* m : pending) {
                const std::string path = "constants." + m->key;
                const Node& value = m->value;
                if (value.is_number()) {
                    const double x =
                        value.kind == Node::Kind::integer ? static_cast<double>(value.integer) : value.floating;
                    if (!std::isfinite(x)) {
                        fail(path, value.where, fmt::format("is {}, but must be a finite number", x),
                             "give a finite number");
                        broken_.insert(m->key);
                        continue;
                    }
                    constants_[m->key] = {x, 0, {}, false};
                } else if (value.is_string()) {
                    const std::set<std::string> names = names_in(value.string);
                    const bool waits = std::any_of(pending.begin(), pending.end(), [&](const Node::Member* other) {
                        return names.count(other->key) != 0 && constants_.count(other->key) == 0 &&
                               broken_.count(other->key) == 0;
                    });
                    if (waits) {
                        rest.push_back(m);
                    } else if (depends_on_broken(value.string)) {
                        broken_.insert(m->key);
                    } else {
                        try {
                            constants_[m->key] = evaluate(value.string, constants_);
                        } catch (const QuantityError& e) {
                            fail(path, value.where, e.what(), e.remedy());
                            broken_.insert(m->key);
                        }
                    }
                } else {
                    wrong_kind(value, path, "a number or a string with a quantity");
                    broken_.insert(m->key);
                }
            }
            if (rest.size() == pending.size()) {
                for (const Node::Member* m : rest) {
                    fail("constants." + m->key, m->value.where, fmt::format("'{}' depends on itself", m->value.string),
                         "give one constant of the circle a value");
                    broken_.insert(m->key);
                }
                return;
            }
            pending = std::move(rest);
        }
    }

    void read_parameter_sets(const Table& file) {
        const Node* node = file.find("parameters");
        if (node == nullptr) return;
        const Table table(*this, *node, "parameters", "[parameters.NAME]");
        for (const Node::Member& m : node->members) {
            if (m.value.is_table())
                sets_[m.key] = &m.value;
            else
                wrong_kind(m.value, "parameters." + m.key, "a table of parameters");
        }
    }

    void read_scaling(const Table& file) {
        const Node* node = file.find("scaling");
        if (node == nullptr) return;
        const Table table(*this, *node, "scaling", "[scaling]");
        for (const char* key : {"N", "K"}) {
            const Node* factor = table.find(key);
            if (factor == nullptr) continue;
            const auto value = quantity(*factor, "1", joined("scaling", key));
            if (!value) continue;
            if (!(*value > 0.0 && *value <= 1e6))
                fail(joined("scaling", key), factor->where, fmt::format("{} = {}, but it must be > 0", key, *value),
                     "0.1 is a tenth of the full size");
            else
                (key[0] == 'N' ? scale_N_ : scale_K_) = *value;
        }
    }
    [[nodiscard]] bool is_scaled() const { return scale_N_ != 1.0 || scale_K_ != 1.0; }

    std::optional<std::int64_t> steps(const Table& table, const char* key) {
        const Node* node = table.find(key);
        if (node == nullptr) return std::nullopt;
        const std::string path = joined(table.path, key);
        const auto ms = quantity(*node, "ms", path);
        if (!ms || unread.count("simulation.resolution") != 0) return std::nullopt;
        const double n = *ms / experiment.simulation.resolution_ms();
        if (std::abs(n) * experiment.simulation.resolution_ms() > 9e9) {
            fail(path, node->where,
                 fmt::format("{} is longer than 9e6 s, which integer time can't hold", with_unit(*ms, "ms")),
                 "give a shorter time");
            return std::nullopt;
        }
        if (const std::string near = nearest_multiples(*ms, experiment.simulation); !near.empty()) {
            fail(path, node->where,
                 fmt::format("{} is not a multiple of the resolution {}", with_unit(*ms, "ms"),
                             with_unit(experiment.simulation.resolution_ms(), "ms")),
                 "the nearest multiples are " + near);
            return std::nullopt;
        }
        return static_cast<std::int64_t>(std::llround(n));
    }

    void read_simulation(const Table& file) {
        SimulationSettings& s = experiment.simulation;
        const Node* node = file.find("simulation");
        if (node == nullptr) return missing(file, "simulation");
        const Table table(*this, *node, "simulation", "[simulation]");
        if (const Node* resolution = table.find("resolution")) {
            const std::string path = "simulation.resolution";
            if (const auto ms = quantity(*resolution, "ms", path)) {
                const double ps = *ms * 1e9;
                const double whole_ps = std::round(ps);
                if (!(*ms > 0.0) || *ms > 1e6)
                    fail(path, resolution->where,
                         fmt::format("{} is not a possible step: it must be > 0 ms and at most 1000 s",
                                     with_unit(*ms, "ms")),
                         "0.1 ms is usual");
                else if (whole_ps < 1 || std::abs(ps - whole_ps) > 1e-9 * ps)
                    fail(path, resolution->where,
                         fmt::format("{} is not a whole number of picoseconds", with_unit(*ms, "ms")),
                         "0.1 ms is usual");
                else
                    s.resolution_ps = static_cast<std::int64_t>(whole_ps);
            }
        }
        if (table.find("duration") == nullptr) missing(table, "duration");
        if (const auto n = steps(table, "duration"))
            s.duration_steps = *n;
        else
            unread.insert("simulation.duration");
        if (const auto n = steps(table, "warmup")) s.warmup_steps = *n;
        if (const auto seed = whole(table, "seed")) s.seed = *seed;
        const bool mapped = file.find("machine") != nullptr;
        s.precision = choice(table.find("precision"), "simulation.precision",
                             mapped ? Precision::single_precision : Precision::double_precision,
                             {{"double", Precision::double_precision}, {"single", Precision::single_precision}});
        weights_given_ = table.find("weights") != nullptr;
        s.weights =
            choice(table.find("weights"), "simulation.weights", mapped ? WeightFormat::compact : WeightFormat::float32,
                   {{"float32", WeightFormat::float32}, {"compact", WeightFormat::compact}});
        s.exchange = choice(table.find("exchange"), "simulation.exchange", ExchangeKind::automatic,
                            {{"auto", ExchangeKind::automatic},
                             {"alltoall", ExchangeKind::alltoall},
                             {"neighbour", ExchangeKind::neighbour}});
        s.drawing = choice(
            table.find("drawing"), "simulation.drawing", DrawingKind::automatic,
            {{"auto", DrawingKind::automatic}, {"redraw", DrawingKind::redraw}, {"exchange", DrawingKind::exchange}});
        s.vector_width = choice(
            table.find("vector_width"), "simulation.vector_width", VectorWidth::automatic,
            {{"auto", VectorWidth::automatic}, {"built", VectorWidth::built}, {"512 bits", VectorWidth::bits_512}});
        const auto kind = [&](const Node* n, const std::string& path) {
            return choice(n, path, PartitionerKind::round_robin,
                          {{"round_robin", PartitionerKind::round_robin},
                           {"block", PartitionerKind::block},
                           {"random", PartitionerKind::random}});
        };
        if (const Node* p = table.find("partitioner")) {
            if (mapped)
                fail("simulation.partitioner", p->where,
                     "has no meaning with [machine], whose mapping is the partition", "leave out one of the two");
            if (p->is_table()) {
                const Table t(*this, *p, "simulation.partitioner", "partitioner");
                if (t.find("kind") == nullptr) missing(t, "kind");
                s.partitioner = kind(t.find("kind"), "simulation.partitioner.kind");
                if (const auto seed = whole(t, "seed")) s.partition_seed = *seed;
            } else {
                s.partitioner = kind(p, "simulation.partitioner");
            }
        }
    }

    [[nodiscard]] bool plastic() const {
        return std::any_of(experiment.projections.begin(), experiment.projections.end(),
                           [](const Projection& p) { return !p.synapse.empty(); });
    }

    void read_machine(const Table& file) {
        MachineSettings& m = experiment.machine;
        const Node* node = file.find("machine");
        if (node == nullptr) return;
        const Table table(*this, *node, "machine", "[machine]");
        if (!node->is_table()) return;
        if (table.find("target") == nullptr) return missing(table, "target");
        m.target = text(table, "target", "");
        if (table.find("target")->is_string() && m.target.empty())
            fail("machine.target", table.find("target")->where, "is empty", "name a machine, as \"spin5\"");
        const auto number = [&](const char* key, double& value, const char* unit) {
            if (const Node* given = table.find(key))
                if (const auto x = quantity(*given, unit, joined("machine", key))) value = *x;
        };
        const auto small = [&](const char* key, std::uint32_t& value) {
            const auto n = whole(table, key);
            if (!n) return;
            value = static_cast<std::uint32_t>(std::min<std::uint64_t>(*n, std::numeric_limits<std::uint32_t>::max()));
            if (value == 0 && std::string_view(key) != "congestion_rounds")
                fail(joined("machine", key), table.find(key)->where, "is 0, but must be at least 1",
                     "leave it out for the default");
        };
        m.profile = text(table, "profile", m.profile);
        if (const std::string faults = text(table, "faults", ""); !faults.empty()) m.faults = resolved(faults);
        const auto bytes = [&](const char* key, std::uint64_t& value) {
            const Node* found = table.find(key);
            if (found == nullptr) return;
            std::optional<std::uint64_t> read;
            if (found->is_string())
                read = parse_bytes(found->string);
            else if (found->kind == Node::Kind::integer && found->integer > 0)
                read = static_cast<std::uint64_t>(found->integer);
            if (read && *read > 0)
                value = *read;
            else
                fail(joined("machine", key), found->where, "isn't a number of bytes above 0", "write \"128 MiB\"");
        };
        small("cores_per_chip", m.cores_per_chip);
        bytes("sdram_per_chip", m.sdram_per_chip);
        bytes("dtcm_per_core", m.dtcm_per_core);
        small("router_entries", m.router_entries);
        small("atoms_per_core", m.atoms_per_core);
        small("congestion_rounds", m.congestion_rounds);
        number("slowdown", m.slowdown, "1");
        number("rate", m.rate, "Hz");
        number("effort", m.effort, "1");
        m.place = text(table, "place", m.place);
        m.objective = text(table, "objective", m.objective);
        m.route = text(table, "route", m.route);
        m.keys = text(table, "keys", m.keys);
        m.minimise = text(table, "minimise", m.minimise);
        if (const auto seed = whole(table, "seed")) m.seed = *seed;
        m.router = flag(table, "router", m.router);
        const Node* given = table.find("traffic");
        if (given == nullptr) return;
        const Table traffic(*this, *given, "machine.traffic", "traffic");
        for (const KeyInfo& key : traffic.info.keys) {
            const std::string name(key.name);
            const Node* value = traffic.find(name);
            if (value == nullptr) continue;
            switch (traffic_kind(name)) {
            case TrafficKind::flag:
                m.traffic[name] = flag(traffic, name.c_str(), false) ? 1.0 : 0.0;
                break;
            case TrafficKind::whole:
                if (const auto n = whole(traffic, name.c_str()))
                    m.traffic[name] = static_cast<double>(std::min<std::uint64_t>(*n, 1U << 30));
                break;
            case TrafficKind::number:
                if (const auto x = quantity(*value, "1", joined(traffic.path, name))) m.traffic[name] = *x;
                break;
            }
        }
    }

    /// Named sets, tables and lists of both as one table; later ones win.
    Node parameters(const Node& node, const std::string& path) {
        Node all;
        all.where = node.where;
        if (node.is_table()) {
            for (const Node::Member& m : node.members)
                all.set(m.key, m.value, m.where);
        } else if (node.is_string()) {
            const auto found = sets_.find(node.string);
            if (found == sets_.end()) {
                std::vector<std::string> known;
                for (const auto& [name, set] : sets_)
                    known.push_back(name);
                fail(path, node.where, fmt::format("there is no parameter set '{}'", node.string),
                     known.empty() ? "declare it as [parameters." + node.string + "]" : suggestion(node.string, known));
            } else {
                for (const Node::Member& m : found->second->members)
                    all.set(m.key, m.value, m.where);
            }
        } else if (node.is_array()) {
            for (const Node& element : node.elements) {
                const Node part = element.is_array() ? Node{} : parameters(element, path);
                if (element.is_array()) wrong_kind(element, path, "the name of a parameter set or a table");
                for (const Node::Member& m : part.members)
                    all.set(m.key, m.value, m.where);
            }
        } else {
            wrong_kind(node, path, "the name of a parameter set, a table, or a list of both");
        }
        return all;
    }

    /// A population's table with everything that `like` brings.
    Node population_table(const Node& all, const Node::Member& member, std::vector<std::string>& chain) {
        const std::string path = "populations." + member.key;
        Node merged;
        merged.where = member.value.where;
        if (!member.value.is_table()) {
            wrong_kind(member.value, path, "a table");
            return merged;
        }
        if (const Node* like = member.value.find("like")) {
            const auto found = std::find_if(all.members.begin(), all.members.end(), [&](const Node::Member& m) {
                return like->is_string() && m.key == like->string;
            });
            chain.push_back(member.key);
            if (!like->is_string()) {
                wrong_kind(*like, path + ".like", "the name of a population");
            } else if (found == all.members.end()) {
                std::vector<std::string> known;
                for (const Node::Member& m : all.members)
                    known.push_back(m.key);
                fail(path + ".like", like->where, fmt::format("there is no population '{}'", like->string),
                     suggestion(like->string, known));
                unread.insert(path + ".model");
            } else if (std::find(chain.begin(), chain.end(), like->string) != chain.end()) {
                fail(path + ".like", like->where, fmt::format("'{}' is like itself", like->string),
                     "give one of them a model");
                for (const std::string& member_of : chain)
                    unread.insert("populations." + member_of + ".model");
            } else {
                merged = population_table(all, *found, chain);
                merged.where = member.value.where;
            }
            chain.pop_back();
        }
        for (const Node::Member& m : member.value.members) {
            if (m.key == "params" || m.key == "init") {
                Node own = m.key == "params" ? parameters(m.value, path + ".params") : m.value;
                Node* old = merged.find(m.key);
                if (old == nullptr || !own.is_table())
                    merged.set(m.key, std::move(own), m.where);
                else // a law replaces a law as a whole
                    for (const Node::Member& p : own.members)
                        old->set(p.key, p.value, p.where);
            } else if (m.key != "like") {
                merged.set(m.key, m.value, m.where);
            }
        }
        return merged;
    }

    /// A parameter that is one of several names.
    std::optional<ParameterValue> chosen(const Node& node, const ParameterInfo& info, const std::string& path) {
        const bool is_flag = info.choices.data() == no_or_yes;
        const std::string name = node.is_string()                              ? node.string
                                 : node.kind == Node::Kind::boolean && is_flag ? node.text()
                                                                               : std::string();
        for (std::size_t i = 0; i < info.choices.size(); ++i)
            if (name == info.choices[i]) return ParameterValue(Distribution::constant(static_cast<double>(i)));
        if (is_flag || !node.is_string()) {
            wrong_kind(node, path, is_flag ? "true or false" : "the name of a choice");
        } else {
            std::vector<std::string> known(info.choices.begin(), info.choices.end());
            fail(path, node.where, fmt::format("there is no choice '{}' of {}", name, info.name),
                 suggestion(name, known));
        }
        return std::nullopt;
    }

    /// One parameter or initial value.
    std::optional<ParameterValue> parameter(const Node& given, const std::string& unit, const ParameterInfo* info,
                                            const std::string& path, const Cell& cell, bool may_be_infinite) {
        const Node* node = &given;
        if (info != nullptr && !info->choices.empty()) return chosen(given, *info, path);
        if (info != nullptr && info->is_list) {
            const bool nested = node->is_array() && !node->elements.empty() && node->elements[0].is_array();
            if (nested) node = pick(given, cell, path);
            if (node == nullptr) return std::nullopt;
            if (node->is_array()) {
                std::vector<double> values;
                bool good = true;
                for (const Node& element : node->elements) {
                    const auto value = quantity(element, unit, path);
                    good = good && value.has_value();
                    if (value) values.push_back(*value);
                }
                return good ? std::optional<ParameterValue>(std::move(values)) : std::nullopt;
            }
            wrong_kind(*node, path, "a list of numbers");
            return std::nullopt;
        }
        node = pick(given, cell, path);
        if (node == nullptr) return std::nullopt;
        if (node->is_table() && (node->find("file") != nullptr || node->find("dataset") != nullptr)) {
            const Table table(*this, *node, path, "array");
            const bool may_be_nameless = info != nullptr && info->is_file() && info->form != ParameterForm::trains;
            for (const char* key : {"file", "dataset"})
                if (table.find(key) == nullptr && !(may_be_nameless && key[0] == 'd')) missing(table, key);
            const std::string name = text(table, "file", "");
            return ParameterValue(ArrayFile{resolved(name), text(table, "dataset", "")});
        }
        if (may_be_infinite && !node->is_table()) {
            const auto value = quantity(*node, unit, path, true);
            return value ? std::optional<ParameterValue>(Distribution::constant(*value)) : std::nullopt;
        }
        const auto d = law(*node, unit, path, {});
        return d ? std::optional<ParameterValue>(*d) : std::nullopt;
    }

    ParameterValues parameter_values(const Node& table, const ModelInfo& model, const std::string& path,
                                     const Cell& cell) {
        ParameterValues values;
        for (const Node::Member& m : table.members) {
            const std::string at = joined(path, m.key);
            experiment.provenance[at] = m.value.where;
            const int index = model.parameter(m.key);
            const bool activity = model.kind != ModelInfo::Kind::neuron && model.kind != ModelInfo::Kind::synapse &&
                                  (m.key == "start" || m.key == "stop");
            if (index < 0 && !activity) { // check() reports the name
                values[m.key] = Distribution::constant(0.0);
                continue;
            }
            const ParameterInfo* info = index < 0 ? nullptr : &model.parameters[static_cast<std::size_t>(index)];
            const auto value =
                parameter(m.value, info == nullptr ? "ms" : std::string(info->unit), info, at, cell, m.key == "stop");
            if (value)
                values[m.key] = *value;
            else
                unread.insert(at);
        }
        return values;
    }

    // ---- morphologies ----

    void number(const Table& table, const char* key, const char* unit, double& value) {
        if (const Node* node = table.find(key))
            if (const auto given = quantity(*node, unit, joined(table.path, key))) value = *given;
    }
    void read_membrane(const Table& table, Membrane& m) {
        number(table, "R_a", "ohm cm", m.R_a);
        number(table, "c_m", "uF/cm^2", m.c_m);
        number(table, "g_leak", "mS/cm^2", m.g_leak);
        number(table, "e_leak", "mV", m.e_leak);
        number(table, "g_Na", "mS/cm^2", m.g_Na);
        number(table, "g_K", "mS/cm^2", m.g_K);
    }
    void read_location(const Table& table, const char* key, CableLocation& location) {
        const Node* node = table.find(key);
        if (node == nullptr) return;
        const std::string path = joined(table.path, key);
        if (!node->is_string())
            wrong_kind(*node, path, "a place");
        else if (!parse_location(node->string, location))
            fail(path, node->where, fmt::format("'{}' is not a place on a section", node->string),
                 "write \"dend(0.25)\", or \"dend\" for its middle");
    }
    CableSection read_section(const Node& node, const std::string& path, const Membrane& usual) {
        CableSection s;
        s.membrane = usual;
        const Table table(*this, node, path, "section");
        if (!node.is_table()) return s;
        for (const char* key : {"name", "length", "diameter"})
            if (table.find(key) == nullptr) missing(table, key);
        s.name = text(table, "name", "");
        s.parent = text(table, "parent", "");
        number(table, "parent_at", "1", s.parent_at);
        double length = 1.0, first = 1.0, last = 1.0;
        number(table, "length", "um", length);
        if (const Node* diameter = table.find("diameter")) {
            const std::string at = joined(path, "diameter");
            if (diameter->is_array()) {
                if (diameter->elements.size() != 2) {
                    fail(at, diameter->where, fmt::format("has {} elements, but needs two", diameter->elements.size()),
                         "give the diameters at begin and end, or one for all");
                } else {
                    first = quantity(diameter->elements[0], "um", at).value_or(1.0);
                    last = quantity(diameter->elements[1], "um", at).value_or(1.0);
                }
            } else {
                number(table, "diameter", "um", first);
                last = first;
            }
        }
        s.points = {{0.0, first}, {length, last}};
        if (const Node* n = table.find("compartments"))
            if (const auto count = whole(table, "compartments")) {
                if (*count == 0 || *count > 1'000'000)
                    fail(joined(path, "compartments"), n->where,
                         fmt::format("is {}, but must be in [1, 1000000]", *count),
                         "leave it out for the d_lambda rule");
                else
                    s.compartments = static_cast<std::uint32_t>(*count);
            }
        read_membrane(table, s.membrane);
        return s;
    }
    std::shared_ptr<const CableDeclaration> read_morphology(const Node& node, const std::string& path) {
        const std::size_t before = errors.size();
        Morphology m;
        const Table table(*this, node, path, "morphology");
        if (node.is_table()) {
            Membrane usual;
            read_membrane(table, usual);
            number(table, "d_lambda", "1", m.d_lambda);
            number(table, "frequency", "Hz", m.frequency);
            read_location(table, "spikes_at", m.spikes_at);
            read_location(table, "current_at", m.current_at);
            std::map<std::string, Membrane> regions;
            const Node* region_table = table.find("regions");
            if (region_table != nullptr) {
                const Table declared(*this, *region_table, joined(path, "regions"), "regions");
                if (region_table->is_table())
                    for (const Node::Member& member : region_table->members) {
                        const Table region(*this, member.value, joined(declared.path, member.key), "membrane");
                        Membrane& own = regions.emplace(member.key, usual).first->second;
                        if (member.value.is_table()) read_membrane(region, own);
                    }
            }
            const Node* sections = table.find("sections");
            const Node* swc = table.find("swc");
            if ((sections == nullptr) == (swc == nullptr)) {
                fail(path, node.where, sections == nullptr ? "gives no tree" : "gives sections and swc",
                     "give sections = [...] or swc = \"FILE\", one of them");
            } else if (swc != nullptr) {
                const std::string file = text(table, "swc", "");
                if (swc->is_string())
                    for (SwcSection& s : read_swc(resolved(file), {swc->where, joined(path, "swc")}, errors)) {
                        const auto own = regions.find(s.region);
                        s.section.membrane = own == regions.end() ? usual : own->second;
                        m.sections.push_back(std::move(s.section));
                    }
            } else if (!sections->is_array()) {
                wrong_kind(*sections, joined(path, "sections"), "a list of sections");
            } else {
                if (region_table != nullptr)
                    fail(joined(path, "regions"), region_table->where, "is for swc only",
                         "give each section its own properties");
                for (std::size_t i = 0; i < sections->elements.size(); ++i)
                    m.sections.push_back(
                        read_section(sections->elements[i], fmt::format("{}.sections[{}]", path, i), usual));
            }
            if (const Node* sites = table.find("sites")) {
                if (!sites->is_array()) wrong_kind(*sites, joined(path, "sites"), "a list of sites");
                for (std::size_t i = 0; i < sites->elements.size(); ++i) {
                    const Node& given = sites->elements[i];
                    const Table site(*this, given, fmt::format("{}.sites[{}]", path, i), "site");
                    SynapseSite s;
                    if (given.is_table()) {
                        for (const char* key : {"name", "at"})
                            if (site.find(key) == nullptr) missing(site, key);
                        s.name = text(site, "name", "");
                        read_location(site, "at", s.at);
                        number(site, "tau_syn", "ms", s.tau_syn);
                        s.conductance = site.find("E_rev") != nullptr;
                        number(site, "E_rev", "mV", s.E_rev);
                    }
                    m.sites.push_back(std::move(s));
                }
            }
        }
        if (errors.size() == before)
            for (MorphologyProblem& p : problems_of(m)) {
                const std::string at = joined(path, p.path);
                fail(at, experiment.where(at), std::move(p.message), std::move(p.remedy));
            }
        if (errors.size() > before) {
            unread.insert(path);
            return nullptr;
        }
        return CableDeclaration::make(std::move(m));
    }

    void read_positions(const Node& node, const std::string& path, Positions& p) {
        const Table table(*this, node, path, "positions");
        if (!node.is_table()) return;
        p.kind = table.find("grid") != nullptr ? Positions::Kind::grid : Positions::Kind::drawn;
        const auto vector = [&](const char* key, const char* unit, auto&& put) {
            const Node* list = table.find(key);
            if (list == nullptr) return;
            const std::string at = joined(path, key);
            if (!list->is_array() || list->elements.size() < 2 || list->elements.size() > 3) {
                fail(at, list->where, "must be a list of 2 or 3 numbers", "one for each dimension");
                unread.insert(path);
                return;
            }
            if (std::string(key) == "extent")
                p.dimensions = static_cast<std::uint8_t>(list->elements.size());
            else if (list->elements.size() != p.dimensions) {
                fail(at, list->where,
                     fmt::format("has {} numbers, but extent has {}", list->elements.size(), p.dimensions),
                     "one for each dimension");
                unread.insert(path);
                return;
            }
            for (std::size_t i = 0; i < list->elements.size(); ++i) {
                const auto value =
                    *unit == '#' ? count(list->elements[i], at, {}) : quantity(list->elements[i], unit, at);
                if (value)
                    put(i, *value);
                else
                    unread.insert(path);
            }
        };
        if (table.find("extent") == nullptr) {
            missing(table, "extent");
            unread.insert(path);
        }
        vector("extent", "um", [&](std::size_t i, double v) { p.extent[i] = v; });
        vector("centre", "um", [&](std::size_t i, double v) { p.centre[i] = v; });
        vector("grid", "#", [&](std::size_t i, double v) { p.shape[i] = static_cast<std::uint64_t>(v); });
        p.periodic = flag(table, "periodic", false);
    }

    void read_populations(const Table& file) {
        const Node* all = file.find("populations");
        if (all == nullptr) return missing(file, "populations");
        if (!all->is_table()) return wrong_kind(*all, "populations", "a table of populations");
        for (const Node::Member& member : all->members) {
            const std::string path = "populations." + member.key;
            std::vector<std::string> chain;
            const Node merged = population_table(*all, member, chain);
            record_places(merged, path); // what `like` brought has its place there
            const Table table(*this, merged, path, "[populations.NAME]");
            Population p;
            p.name = member.key;
            if (table.find("model") == nullptr && unread.count(path) == 0 && unread.count(path + ".model") == 0)
                missing(table, "model");
            p.model = text(table, "model", "");
            if (p.model.empty()) unread.insert(path + ".model");
            if (table.find("size") == nullptr && unread.count(path) == 0) missing(table, "size");
            if (const Node* size = table.find("size")) {
                experiment.provenance[path + ".size"] = size->where;
                if (const auto n = count(*size, path + ".size", {})) {
                    full_size_[p.name] = *n;
                    p.size = rounded(*n * scale_N_);
                    if (p.size == 0 && *n > 0) p.size = 1; // the smallest that is left of a small population
                } else {
                    unread.insert(path + ".size");
                }
            }
            if (const Node* model = table.find("model")) experiment.provenance[path + ".model"] = model->where;
            const ModelInfo* model = find_model(p.model);
            if (const Node* params = table.find("params"); params != nullptr && model != nullptr && params->is_table())
                p.params = parameter_values(*params, *model, path + ".params", {});
            if (const Node* morphology = table.find("morphology"))
                p.cable = read_morphology(*morphology, path + ".morphology");
            if (const Node* init = table.find("init"); init != nullptr && model != nullptr) {
                if (!init->is_table()) {
                    wrong_kind(*init, path + ".init", "a table of state variables");
                } else if ((model = spikecast::model_of(p)) != nullptr) { // otherwise check() reports its receptors
                    for (const Node::Member& m : init->members) {
                        const std::string at = path + ".init." + m.key;
                        experiment.provenance[at] = m.value.where;
                        const int index = find_variable(*model, m.key);
                        if (index < 0) {
                            p.init[m.key] = Distribution::constant(0.0);
                            continue;
                        }
                        const auto value =
                            parameter(m.value, std::string(model->variables[static_cast<std::size_t>(index)].unit),
                                      nullptr, at, {}, false);
                        if (value)
                            p.init[std::string(model->variables[static_cast<std::size_t>(index)].name)] = *value;
                        else
                            unread.insert(at);
                    }
                }
            }
            if (const Node* positions = table.find("positions"))
                read_positions(*positions, path + ".positions", p.positions);
            if (const Node* rate = table.find("rate"))
                if (const auto hz = quantity(*rate, "Hz", path + ".rate")) {
                    if (*hz < 0.0)
                        fail(path + ".rate", rate->where,
                             fmt::format("rate = {}, but it must be >= 0 Hz", with_unit(*hz, "Hz")),
                             "give the mean rate at full scale");
                    p.scaling_rate = *hz;
                }
            if (const Node* rate = table.find("expected_rate"))
                if (const auto hz = quantity(*rate, "Hz", path + ".expected_rate")) {
                    if (*hz < 0.0)
                        fail(path + ".expected_rate", rate->where,
                             fmt::format("expected_rate = {}, but it must be >= 0 Hz", with_unit(*hz, "Hz")),
                             "give the mean rate that a run of this network shows");
                    p.expected_rate = *hz;
                }
            experiment.populations.push_back(std::move(p));
        }
    }

    std::vector<Selection> selections(const Table& table, const char* key) {
        const Node* node = table.find(key);
        std::vector<Selection> found;
        const std::string path = joined(table.path, key);
        if (node == nullptr) {
            missing(table, key);
            return found;
        }
        const auto one = [&](const Node& n) {
            Selection s;
            if (n.is_string()) {
                s.population = n.string;
                found.push_back(std::move(s));
                return;
            }
            if (!n.is_table()) return wrong_kind(n, path, "a population's name, a table, or a list of both");
            const Table t(*this, n, path, "selection");
            if (t.find("population") == nullptr) return missing(t, "population");
            s.population = text(t, "population", "");
            const Node* slice = t.find("slice");
            const Node* indices = t.find("indices");
            if (slice != nullptr && indices != nullptr)
                return fail(path, n.where, "gives both slice and indices", "keep one");
            const Node* numbers = slice != nullptr ? slice : indices;
            std::vector<std::uint64_t> values;
            if (numbers != nullptr) {
                const std::string at = joined(path, slice != nullptr ? "slice" : "indices");
                if (!numbers->is_array()) return wrong_kind(*numbers, at, "a list of whole numbers");
                for (const Node& v : numbers->elements) {
                    const auto value = count(v, at, {});
                    if (!value) {
                        unread.insert(path);
                        return;
                    }
                    values.push_back(static_cast<std::uint64_t>(*value));
                }
                if (slice != nullptr) {
                    if (values.size() != 2 && values.size() != 3)
                        return fail(at, numbers->where, fmt::format("has {} numbers", values.size()),
                                    "write [begin, end] or [begin, end, step]");
                    s.begin = values[0];
                    s.end = values[1];
                    s.step = values.size() == 3 ? values[2] : 1;
                } else {
                    if (values.empty()) return fail(at, numbers->where, "is empty", "name at least one neuron");
                    s.list = std::move(values);
                }
            }
            found.push_back(std::move(s));
        };
        if (node->is_array()) {
            for (const Node& element : node->elements)
                one(element);
            if (node->elements.empty()) fail(path, node->where, "is empty", "name at least one population");
        } else {
            one(*node);
        }
        return found;
    }
    static bool is_whole(const Selection& s) {
        return s.list.empty() && s.begin == 0 && s.step == 1 && s.end == std::numeric_limits<std::uint64_t>::max();
    }
    double full_count(const Selection& s) const {
        const auto found = full_size_.find(s.population);
        const double size = found == full_size_.end() ? 0.0 : found->second;
        if (!s.list.empty()) return static_cast<double>(s.list.size());
        const double end = std::min(static_cast<double>(s.end), size);
        const double begin = static_cast<double>(s.begin);
        return end > begin && s.step > 0 ? std::ceil((end - begin) / static_cast<double>(s.step)) : 0.0;
    }

    struct Drawn {
        Rule rule;
        double indegree = 0.0; ///< mean at full scale
        bool none = false;     ///< a zero count or probability
    };
    std::optional<Drawn> read_rule(const Node& given, const std::string& path, const Cell& cell,
                                   const Selection& source, const Selection& target) {
        using Kind = Rule::Kind;
        const Node* node = pick(given, cell, path);
        if (node == nullptr) return std::nullopt;
        Drawn out;
        Rule& r = out.rule;
        const double sources = full_count(source), targets = full_count(target);
        const auto no_scaling = [&](const char* name) {
            if (is_scaled())
                fail("scaling", root_.find("scaling")->where,
                     fmt::format("there is no law for scaling {} ({})", name, path),
                     "use a random rule or leave [scaling] out");
        };
        const auto simple = [&](const std::string& name) {
            r.kind = name == "one_to_one" ? Kind::one_to_one : Kind::all_to_all;
            out.indegree = r.kind == Kind::one_to_one ? 1.0 : sources;
            no_scaling(name.c_str());
        };
        static const std::vector<std::string> names = {
            "one_to_one",         "all_to_all",         "fixed_indegree",   "fixed_outdegree",
            "fixed_total_number", "pairwise_bernoulli", "pairwise_poisson", "symmetric_pairwise_bernoulli",
            "explicit_list"};
        if (node->is_string()) {
            if (node->string == "one_to_one" || node->string == "all_to_all") {
                simple(node->string);
                return out;
            }
            const bool known = std::find(names.begin(), names.end(), node->string) != names.end();
            fail(path, node->where,
                 known ? fmt::format("{} needs a number", node->string)
                       : fmt::format("unknown rule '{}'", node->string),
                 known ? fmt::format("write rule = {{ {} = ... }}", node->string) : suggestion(node->string, names));
            return std::nullopt;
        }
        const Table table(*this, *node, path, "rule");
        if (!node->is_table()) return std::nullopt;
        std::string name;
        for (const std::string& n : names) {
            if (table.find(n) == nullptr) continue;
            if (!name.empty()) {
                fail(path, node->where, fmt::format("gives two rules, {} and {}", name, n), "keep one");
                return std::nullopt;
            }
            name = n;
        }
        if (name.empty()) {
            bool unknown = false; // then the misspelt key has been reported already
            for (const Node::Member& m : node->members)
                unknown = unknown || table.info.find(m.key) == nullptr;
            if (unknown)
                unread.insert(path);
            else
                fail(path, node->where, "names no rule", suggestion("", names));
            return std::nullopt;
        }
        const Node& inner = *table.find(name);
        const std::string at = joined(path, name);
        const auto allowance = [&](const char* key, bool makes_sense, bool otherwise) {
            if (table.find(key) != nullptr && !makes_sense)
                fail(joined(path, key), table.find(key)->where, fmt::format("makes no sense for {}", name),
                     "remove it");
            return flag(table, key, otherwise);
        };
        const bool fixed = name.rfind("fixed_", 0) == 0;
        r.allow_multapses = allowance("allow_multapses", fixed, true);
        r.allow_autapses = allowance("allow_autapses", name != "explicit_list" && name != "one_to_one",
                                     name != "symmetric_pairwise_bernoulli");
        const auto probability = [&](const Node& n, const std::string& p) -> std::optional<double> {
            const Node* one = pick(n, cell, p);
            if (one == nullptr) return std::nullopt;
            const auto value = quantity(*one, "1", p);
            if (value && !(*value >= 0.0 && *value <= 1.0)) {
                fail(p, one->where, fmt::format("the probability is {}, but must lie in [0, 1]", *value), "correct it");
                return std::nullopt;
            }
            return value;
        };
        // The probability of every pair, which [scaling] changes by K / N.
        const auto scaled_probability = [&](const Node& n) {
            const auto p = probability(n, at);
            if (!p) return false;
            r.probability = *p * scale_K_ / scale_N_;
            if (r.probability > 1.0) {
                fail(at, inner.where,
                     fmt::format("the probability {} times K / N is {}, more than 1", *p, r.probability),
                     "scale the indegrees down, too");
                return false;
            }
            out.indegree = *p * sources;
            out.none = *p == 0.0;
            return true;
        };
        if (name == "one_to_one" || name == "all_to_all") {
            if (inner.kind != Node::Kind::boolean || !inner.boolean) {
                fail(at, inner.where, "must be true", fmt::format("write rule = \"{}\"", name));
                return std::nullopt;
            }
            simple(name);
        } else if (name == "fixed_indegree" || name == "fixed_outdegree") {
            const auto n = count(inner, at, cell);
            if (!n) return std::nullopt;
            r.kind = name == "fixed_indegree" ? Kind::fixed_indegree : Kind::fixed_outdegree;
            r.number = rounded(*n * scale_K_);
            out.indegree = r.kind == Kind::fixed_indegree ? *n : targets > 0 ? *n * sources / targets : 0.0;
            out.none = r.number == 0;
        } else if (name == "fixed_total_number") {
            r.kind = Kind::fixed_total_number;
            double total = 0.0;
            const Node* chosen = pick(inner, cell, at);
            if (chosen == nullptr) return std::nullopt;
            if (chosen->is_table()) {
                const Table t(*this, *chosen, at, "fixed_total_number");
                if (t.find("probability") == nullptr) {
                    missing(t, "probability");
                    return std::nullopt;
                }
                const std::string p = at + ".probability";
                const auto c = probability(*t.find("probability"), p);
                if (!c) return std::nullopt;
                if (*c >= 1.0) {
                    fail(p, t.find("probability")->where, "is 1, which no number of synapses reaches",
                         "use all_to_all");
                    return std::nullopt;
                }
                // log1p keeps the digits of 1 / (N_pre N_post), which 1 - x would lose.
                if (*c > 0.0 && sources * targets > 1.0)
                    total = math::log1p(-*c) / math::log1p(-1.0 / (sources * targets));
                else if (*c > 0.0)
                    total = 1.0;
            } else {
                const auto n = count(*chosen, at, {});
                if (!n) return std::nullopt;
                total = *n;
            }
            if (!(total < 9e18)) {
                fail(at, inner.where, fmt::format("{} synapses are more than can be counted", total),
                     "give a smaller number");
                return std::nullopt;
            }
            r.number = rounded(total * scale_N_ * scale_K_);
            out.indegree = targets > 0 ? std::round(total) / targets : 0.0;
            out.none = r.number == 0;
        } else if (name == "pairwise_bernoulli") {
            r.kind = Kind::pairwise_bernoulli;
            const Node* chosen = pick(inner, cell, at);
            if (chosen == nullptr) return std::nullopt;
            if (chosen->is_table()) {
                no_scaling("a rule over distance");
                if (!read_kernel(*chosen, at, cell, probability, r.kernel)) return std::nullopt;
                out.none = r.kernel.p0 == 0.0;
            } else {
                if (!scaled_probability(*chosen)) return std::nullopt;
            }
        } else if (name == "symmetric_pairwise_bernoulli") {
            r.kind = Kind::symmetric_pairwise_bernoulli;
            if (!scaled_probability(inner)) return std::nullopt;
        } else if (name == "pairwise_poisson") {
            const auto mean = quantity(inner, "1", at, cell);
            if (!mean) return std::nullopt;
            r.kind = Kind::pairwise_poisson;
            r.probability = *mean * scale_K_ / scale_N_;
            out.indegree = *mean * sources;
            out.none = *mean == 0.0;
        } else {
            r.kind = Kind::explicit_list;
            const Table t(*this, inner, at, "explicit_list");
            if (!inner.is_table()) return std::nullopt;
            if (t.find("file") == nullptr) {
                missing(t, "file");
                return std::nullopt;
            }
            const std::string file = text(t, "file", "");
            if (file.empty()) return std::nullopt;
            r.file = resolved(file);
            r.dataset = text(t, "dataset", "");
            no_scaling("an explicit list");
        }
        return out;
    }

    template <class Probability>
    bool read_kernel(const Node& node, const std::string& path, const Cell& cell, Probability&& probability,
                     DistanceKernel& k) {
        const Table table(*this, node, path, "pairwise_bernoulli");
        int laws = 0;
        for (const char* key : {"constant", "gaussian", "exponential"})
            laws += table.find(key) != nullptr ? 1 : 0;
        if (laws > 1) {
            fail(path, node.where, "gives two laws over distance", "keep one");
            return false;
        }
        k.kind = DistanceKernel::Kind::constant;
        k.p0 = 1.0;
        bool good = true;
        const auto shaped = [&](const char* key, const char* declared, const char* scale, DistanceKernel::Kind kind) {
            const Node* n = table.find(key);
            if (n == nullptr) return;
            const std::string at = joined(path, key);
            const Table t(*this, *n, at, declared);
            k.kind = kind;
            if (!n->is_table()) {
                good = false;
                return;
            }
            if (const Node* p0 = t.find("p0")) {
                const auto p = probability(*p0, joined(at, "p0"));
                if (p)
                    k.p0 = *p;
                else
                    good = false;
            }
            if (t.find(scale) == nullptr) {
                missing(t, scale);
                good = false;
                return;
            }
            const auto s = quantity(*t.find(scale), "um", joined(at, scale), cell);
            if (s)
                k.scale = *s;
            else
                good = false;
        };
        if (const Node* p0 = table.find("constant")) {
            const auto p = probability(*p0, path + ".constant");
            if (p)
                k.p0 = *p;
            else
                good = false;
        }
        shaped("gaussian", "gaussian", "sigma", DistanceKernel::Kind::gaussian);
        shaped("exponential", "exponential (distance)", "lambda", DistanceKernel::Kind::exponential);
        if (const Node* mask = table.find("mask")) {
            const std::string at = path + ".mask";
            const Table t(*this, *mask, at, "mask");
            const Node* ball = t.find("ball");
            const Node* box = t.find("box");
            if ((ball != nullptr) == (box != nullptr)) {
                fail(at, mask->where, "must give either ball or box", "write mask = { ball = \"100 um\" }");
                good = false;
            } else if (ball != nullptr) {
                k.mask = DistanceKernel::Mask::ball;
                const auto radius = quantity(*ball, "um", at + ".ball", cell);
                if (radius)
                    k.radius = *radius;
                else
                    good = false;
            } else if (!box->is_array() || box->elements.size() < 2 || box->elements.size() > 3) {
                fail(at + ".box", box->where, "must be a list of 2 or 3 lengths", "half the width along each axis");
                good = false;
            } else {
                k.mask = DistanceKernel::Mask::box;
                for (std::size_t i = 0; i < box->elements.size(); ++i) {
                    const auto half = quantity(box->elements[i], "um", at + ".box");
                    if (half)
                        k.half_width[i] = *half;
                    else
                        good = false;
                }
            }
        } else if (laws == 0 && good && node.members.empty()) {
            fail(path, node.where, "gives neither a law nor a mask",
                 "write { gaussian = { p0 = 0.1, sigma = \"100 um\" } }");
            good = false;
        }
        return good;
    }

    std::string unique_name(std::map<std::string, int>& used, const std::string& name) {
        const int n = ++used[name];
        return n == 1 ? name : fmt::format("{}#{}", name, n);
    }
    const ModelInfo* model_of(const std::string& population) const {
        const Population* p = experiment.find_population(population);
        return p == nullptr ? nullptr : spikecast::model_of(*p);
    }

    void read_projection(const Node& node, const std::string& path) {
        const Table table(*this, node, path, "[[projections]]");
        if (!node.is_table()) return;
        const std::vector<Selection> sources = selections(table, "source");
        const std::vector<Selection> targets = selections(table, "target");
        const std::string own_name = text(table, "name", "");
        const std::string receptor = receptor_name(table);
        const Node* rule = table.find("rule");
        if (rule == nullptr) missing(table, "rule");
        const bool many = sources.size() * targets.size() > 1;
        for (std::size_t t = 0; t < targets.size(); ++t) {
            for (std::size_t s = 0; s < sources.size(); ++s) {
                const Cell cell{Cell::Kind::pair, t, targets.size(), s, sources.size()};
                Projection p;
                p.source = sources[s];
                p.target = targets[t];
                p.receptor = receptor;
                p.path = path;
                const std::string pair = p.source.population + "->" + p.target.population;
                p.name = own_name.empty() ? unique_name(projection_names_, pair)
                         : many           ? unique_name(projection_names_, own_name + ":" + pair)
                                          : own_name;
                std::optional<Drawn> drawn;
                if (rule != nullptr) drawn = read_rule(*rule, path + ".rule", cell, p.source, p.target);
                if (drawn)
                    p.rule = drawn->rule;
                else
                    unread.insert(path + ".rule");
                const std::string unit = weight_unit_of(p.target.population, receptor);
                const Node* weight = table.find("weight");
                if (unit.empty()) {
                    unread.insert(path + ".weight");
                } else if (weight != nullptr) {
                    if (const auto w = law(*weight, unit, path + ".weight", cell)) p.weight = *w;
                }
                if (const Node* delay = table.find("delay")) read_delay(*delay, path + ".delay", cell, p.delay);
                if (const Node* synapse = table.find("synapse")) read_synapse(*synapse, path + ".synapse", cell, p);
                if (const Node* normalise = table.find("normalise")) {
                    const std::string at = path + ".normalise";
                    const Table parts(*this, *normalise, at, "normalise");
                    const Node* sum = normalise->is_table() ? normalise->find("sum") : nullptr;
                    const Node* interval = normalise->is_table() ? normalise->find("interval") : nullptr;
                    if (normalise->is_table() && sum == nullptr) missing(parts, "sum");
                    if (normalise->is_table() && interval == nullptr) missing(parts, "interval");
                    if (sum == nullptr || interval == nullptr) {
                        unread.insert(at);
                    } else {
                        const std::string unit_of_sum = weight_unit_of(p.target.population, p.receptor);
                        if (const auto value = quantity(*sum, unit_of_sum, at + ".sum", cell)) p.normalise_sum = *value;
                        if (const auto value = quantity(*interval, "ms", at + ".interval", cell))
                            p.normalise_ms = *value;
                        if (p.normalise_sum == 0.0) p.normalise_sum = -1.0; // 0 means none; check() refuses both
                    }
                }
                if (const Node* initial = table.find("initial_weights")) {
                    const std::string at = path + ".initial_weights";
                    const Table from(*this, *initial, at, "initial_weights");
                    if (initial->is_table() && initial->find("file") == nullptr) missing(from, "file");
                    const std::string file = text(from, "file", "");
                    if (initial->is_table() && initial->find("file") != nullptr && file.empty())
                        fail(at + ".file", initial->where, "names no file", "give a result file of another run");
                    if (!file.empty()) p.weights_file = resolved(file);
                    p.weights_projection = text(from, "projection", p.name);
                }
                if (drawn && drawn->none) { // no synapses, but the names must exist
                    if (experiment.find_population(p.source.population) != nullptr &&
                        experiment.find_population(p.target.population) != nullptr)
                        continue;
                }
                if (scale_K_ != 1.0 && drawn) {
                    const Population* source = experiment.find_population(p.source.population);
                    if (!is_whole(p.target)) {
                        fail(path + ".target", node.where, "[scaling] with K can't compensate a part of a population",
                             "make it a population of its own");
                    } else if (source != nullptr && unread.count(path + ".weight") == 0) {
                        if (source->scaling_rate < 0.0)
                            fail("populations." + source->name + ".rate",
                                 experiment.where("populations." + source->name),
                                 "[scaling] needs the full-scale rate of each source", "give rate, in Hz");
                        else
                            gain(p.target.population, receptor, drawn->indegree * source->scaling_rate, p.weight, path);
                    }
                    p.weight = scaled(p.weight, 1.0 / std::sqrt(scale_K_));
                }
                experiment.projections.push_back(std::move(p));
            }
        }
    }
    /// A law, or a table with the axonal and the dendritic part.
    void read_delay(const Node& node, const std::string& path, const Cell& cell, Delay& delay) {
        if (!node.is_table() || (node.find("axonal") == nullptr && node.find("dendritic") == nullptr)) {
            if (const auto d = law(node, "ms", path, cell, &delay.per_distance)) delay.law = *d;
            return;
        }
        const Table table(*this, node, path, "delay parts");
        std::optional<Distribution> parts[2];
        for (const bool dendritic : {false, true}) {
            const char* key = dendritic ? "dendritic" : "axonal";
            const Node* part = table.find(key);
            parts[dendritic] =
                part == nullptr ? Distribution::constant(0.0) : law(*part, "ms", joined(path, key), cell);
            if (!parts[dendritic]) {
                unread.insert(path);
                return;
            }
        }
        delay.fixed_is_axonal = parts[0]->is_constant();
        const Distribution& fixed = *parts[delay.fixed_is_axonal ? 0 : 1];
        const Distribution& other = *parts[delay.fixed_is_axonal ? 1 : 0];
        const std::string at = joined(path, delay.fixed_is_axonal ? "dendritic" : "axonal");
        if (!fixed.is_constant())
            return fail(path, node.where, "both parts are drawn", "make one of them the same for all synapses");
        delay.fixed_ms = fixed.a;
        delay.law = other;
        switch (other.kind) {
        case Distribution::Kind::uniform:
            delay.law.b += fixed.a;
            [[fallthrough]];
        case Distribution::Kind::constant:
        case Distribution::Kind::normal:
            delay.law.a += fixed.a;
            break;
        default:
            return fail(at, node.where, "this law can't be a part of a delay", "use a constant, uniform or normal law");
        }
        delay.law.low += fixed.a;
        delay.law.high += fixed.a;
        if (!other.is_constant()) delay.law.low = std::max(delay.law.low, fixed.a); // no part is negative
    }

    void read_synapse(const Node& node, const std::string& path, const Cell& cell, Projection& p) {
        if (node.is_string()) {
            p.synapse = node.string;
        } else {
            const Table table(*this, node, path, "synapse");
            if (node.is_table() && table.node.find("model") == nullptr) missing(table, "model");
            const Node* model = node.is_table() ? node.find("model") : nullptr;
            if (model != nullptr && !model->is_string()) wrong_kind(*model, path + ".model", "the name of a model");
            if (model == nullptr || !model->is_string()) {
                unread.insert(path);
                return;
            }
            p.synapse = model->string;
        }
        const SynapseModelInfo* info = find_synapse_model(p.synapse);
        if (info == nullptr || !node.is_table()) return; // check() reports the name
        Node parameters = node;
        std::erase_if(parameters.members, [](const Node::Member& m) { return m.key == "model"; });
        p.synapse_params = parameter_values(parameters, info->model, path, cell);
    }

    /// Empty where the target or its receptor isn't known, which check() reports.
    std::string weight_unit_of(const std::string& population, const std::string& receptor) const {
        const Population* p = experiment.find_population(population);
        if (p == nullptr) return {};
        const ModelInfo* model = spikecast::model_of(*p);
        if (model == nullptr || model->receptors.empty() || (!receptor.empty() && model->receptor(receptor) < 0))
            return {};
        return weight_unit(model, receptor);
    }

    /// Adds an input of `spike_rate` events a second of a law of weights to what [scaling] has to compensate.
    void gain(const std::string& target, const std::string& receptor, double spike_rate, const Distribution& law,
              const std::string& path) {
        if (receptor.empty() && !law.is_constant()) {
            try {
                const Sampler weight(law);
                if (weight.lowest() < 0.0 && weight.highest() > 0.0) { // each sign has its receptor
                    const double positive = weight.positive_mean();
                    gain(target, receptor, spike_rate, positive, path);
                    gain(target, receptor, spike_rate, weight.mean() - positive, path);
                    return;
                }
            } catch (const InputError&) { // check() reports a law without meaning
            }
        }
        gain(target, receptor, spike_rate, mean_of(law), path);
    }
    void gain(const std::string& target, const std::string& receptor, double spike_rate, double weight,
              const std::string& path) {
        const ModelInfo* model = model_of(target);
        const Population* population = experiment.find_population(target);
        if (model == nullptr || population == nullptr || model->receptors.empty()) return;
        if (model->charge == nullptr) {
            fail(path, experiment.where(path),
                 fmt::format("[scaling] isn't defined for targets of model {}", model->name), "leave K = 1");
            return;
        }
        std::size_t index = 0;
        for (std::size_t i = 0; i < model->receptors.size(); ++i) {
            const ReceptorInfo& r = model->receptors[i];
            if (receptor.empty() ? (r.sign != 0 && (r.sign < 0) == (weight < 0.0)) : r.name == receptor) {
                index = i;
                break;
            }
        }
        std::vector<double> parameters;
        for (const ParameterInfo& info : model->parameters) {
            double value = info.default_value;
            const auto given = population->params.find(std::string(info.name));
            if (given != population->params.end())
                if (const auto* d = std::get_if<Distribution>(&given->second)) value = mean_of(*d);
            parameters.push_back(value);
        }
        lost_current_[target] += spike_rate * 1e-3 * weight * model->charge(parameters.data(), index);
    }

    /// The mean input that sqrt(K) leaves out, as a constant current.
    void compensate() {
        if (scale_K_ == 1.0) return;
        for (const auto& [name, current] : lost_current_) {
            const double added = (1.0 - std::sqrt(scale_K_)) * current;
            for (Population& p : experiment.populations) {
                if (p.name != name) continue;
                const ModelInfo* model = find_model(p.model);
                const int index = model->parameter("I_e");
                const std::string path = "populations." + name + ".params.I_e";
                if (index < 0) {
                    fail(path, experiment.where(path),
                         fmt::format("model {} has no I_e for the compensation of [scaling]", p.model), "leave K = 1");
                    continue;
                }
                Distribution d =
                    Distribution::constant(model->parameters[static_cast<std::size_t>(index)].default_value);
                if (const auto given = p.params.find("I_e"); given != p.params.end()) {
                    const auto* own = std::get_if<Distribution>(&given->second);
                    if (own == nullptr || own->kind == Distribution::Kind::lognormal ||
                        own->kind == Distribution::Kind::exponential) {
                        fail(path, experiment.where(path), "the compensation of [scaling] can't be added to this law",
                             "use a constant, uniform or normal law");
                        continue;
                    }
                    d = *own;
                }
                d.a += added;
                if (d.kind == Distribution::Kind::uniform) d.b += added;
                d.low += added;
                d.high += added;
                p.params["I_e"] = d;
            }
        }
    }

    void read_stimulus(const Node& node, const std::string& path) {
        const Table table(*this, node, path, "[[stimuli]]");
        if (!node.is_table()) return;
        if (table.find("model") == nullptr) missing(table, "model");
        const std::string model_name = text(table, "model", "");
        if (model_name.empty()) unread.insert(path + ".model");
        const ModelInfo* model = find_model(model_name);
        const std::vector<Selection> targets = selections(table, "target");
        const std::string own_name = text(table, "name", "");
        const std::string receptor = receptor_name(table);
        Node params;
        if (const Node* given = table.find("params")) params = parameters(*given, path + ".params");
        for (const char* key : activity_keys)
            if (const Node* time = table.find(key)) {
                if (params.find(key) != nullptr)
                    fail(joined(path, key), time->where, fmt::format("'{}' is given here and in params", key),
                         "keep one");
                params.set(key, *time, time->where);
            }
        for (std::size_t t = 0; t < targets.size(); ++t) {
            const Cell cell{Cell::Kind::target, t, targets.size(), 0, 1};
            Stimulus s;
            s.model = model_name;
            s.target = targets[t];
            s.receptor = receptor;
            s.path = path;
            const std::string pair = model_name + "->" + s.target.population;
            s.name = own_name.empty()     ? unique_name(stimulus_names_, pair)
                     : targets.size() > 1 ? unique_name(stimulus_names_, own_name + ":" + pair)
                                          : own_name;
            if (model != nullptr) {
                s.params = parameter_values(params, *model, path + ".params", cell);
                for (const char* key : activity_keys)
                    if (const Node* time = table.find(key))
                        experiment.provenance[path + ".params." + key] = time->where;
                if (const auto stop = s.params.find("stop"); stop != s.params.end())
                    if (const auto* d = std::get_if<Distribution>(&stop->second);
                        d != nullptr && d->is_constant() && d->a == infinity)
                        s.params.erase(stop);
            }
            const bool current = model != nullptr && model->kind == ModelInfo::Kind::current_generator;
            const std::string unit = current ? "1" : weight_unit_of(s.target.population, receptor);
            if (unit.empty())
                unread.insert(path + ".weight");
            else if (const Node* weight = table.find("weight"))
                if (const auto w = law(*weight, unit, path + ".weight", cell)) s.weight = *w;
            if (const Node* delay = table.find("delay"))
                if (const auto d = quantity(*delay, "ms", path + ".delay", cell)) {
                    s.delay_ms = *d;
                    if (*d == 0.0)
                        fail(path + ".delay", delay->where, "is 0 ms, which is below the resolution",
                             "leave it out for one step");
                }
            if (scale_K_ != 1.0 && model_name == "poisson_generator" && unread.count(path + ".weight") == 0) {
                const auto rate = s.params.find("rate");
                auto* d = rate == s.params.end() ? nullptr : std::get_if<Distribution>(&rate->second);
                if (d != nullptr) {
                    if (!is_whole(s.target))
                        fail(path + ".target", node.where, "[scaling] with K can't compensate a part of a population",
                             "make it a population of its own");
                    gain(s.target.population, receptor, mean_of(*d), s.weight, path);
                    *d = scaled(*d, scale_K_);
                    s.weight = scaled(s.weight, 1.0 / std::sqrt(scale_K_));
                }
            }
            experiment.stimuli.push_back(std::move(s));
        }
    }

    void read_recorder(const Node& node, const std::string& path) {
        const Table table(*this, node, path, "[[recorders]]");
        if (!node.is_table()) return;
        const bool spikes = table.find("spikes") != nullptr;
        const Node* variables = table.find("variables");
        const Node* weights = table.find("weights");
        if (int{spikes} + int{variables != nullptr} + int{weights != nullptr} != 1) {
            fail(path, node.where, "must give one of spikes, variables and weights",
                 "write spikes = [\"E\"], or variables = [\"V_m\"], of = \"E\", or weights = [\"E->E\"]");
            return;
        }
        double start = 0.0, stop = infinity;
        if (const Node* n = table.find("start"))
            if (const auto v = quantity(*n, "ms", path + ".start")) start = *v;
        if (const Node* n = table.find("stop"))
            if (const auto v = quantity(*n, "ms", path + ".stop", true)) stop = *v;
        const std::uint64_t sample = whole(table, "sample").value_or(0);
        const bool changes = flag(table, "changes", false);
        if (weights == nullptr && table.find("changes") != nullptr)
            fail(path + ".changes", table.find("changes")->where, "is for weights only", "remove it");
        if (weights != nullptr) {
            if (const Node* n = table.find("of")) fail(path + ".of", n->where, "is for variables only", "remove it");
            read_weight_recorder(*weights, table, path, {"", 0.0, changes, sample, start, stop, path});
            return;
        }
        if (spikes) {
            for (const char* key : {"of", "interval"})
                if (const Node* n = table.find(key))
                    fail(joined(path, key), n->where, "is for variables only", "remove it");
            for (Selection& s : selections(table, "spikes"))
                experiment.spike_recorders.push_back({std::move(s), sample, start, stop, path});
            return;
        }
        std::vector<std::string> names;
        if (variables->is_string())
            names.push_back(variables->string);
        else if (variables->is_array() && !variables->elements.empty())
            for (const Node& v : variables->elements) {
                if (v.is_string())
                    names.push_back(v.string);
                else
                    wrong_kind(v, path + ".variables", "the name of a state variable");
            }
        else
            wrong_kind(*variables, path + ".variables", "a list of names that isn't empty");
        double interval = 0.0;
        if (const Node* n = table.find("interval"))
            if (const auto v = quantity(*n, "ms", path + ".interval")) {
                interval = *v;
                if (!(interval > 0.0))
                    fail(path + ".interval", n->where,
                         fmt::format("{} is not a possible interval: it must be > 0 ms", with_unit(interval, "ms")),
                         "leave it out for every step");
            }
        for (Selection& s : selections(table, "of"))
            experiment.state_recorders.push_back({std::move(s), names, interval, sample, start, stop, path});
    }

    void read_weight_recorder(const Node& weights, const Table& table, const std::string& path,
                              WeightRecorder recorder) {
        if (const Node* n = table.find("interval"))
            if (const auto v = quantity(*n, "ms", path + ".interval")) {
                recorder.interval_ms = *v;
                if (!(*v > 0.0))
                    fail(path + ".interval", n->where,
                         fmt::format("{} is not a possible interval: it must be > 0 ms", with_unit(*v, "ms")),
                         "leave it out for the weights of the end");
            }
        if (table.find("interval") == nullptr)
            for (const char* key : {"changes", "start", "stop"})
                if (const Node* n = table.find(key))
                    fail(joined(path, key), n->where, "is for weights at an interval only",
                         "add interval, or remove it");
        const auto add = [&](const Node& name) {
            if (!name.is_string()) return wrong_kind(name, path + ".weights", "the name of a projection");
            recorder.projection = name.string;
            experiment.weight_recorders.push_back(recorder);
        };
        if (weights.is_array() && !weights.elements.empty())
            for (const Node& name : weights.elements)
                add(name);
        else
            add(weights);
    }

    void read_reference(const Table& file) {
        const Node* node = file.find("reference");
        if (node == nullptr) return;
        const Table table(*this, *node, "reference", "[reference]");
        experiment.reference.source = text(table, "source", "");
        const Node* rates = table.find("rates");
        if (rates == nullptr) return;
        if (!rates->is_table()) return wrong_kind(*rates, "reference.rates", "a table of rates by population");
        for (const Node::Member& m : rates->members)
            if (const auto hz = quantity(m.value, "Hz", "reference.rates." + m.key))
                experiment.reference.rates_hz[m.key] = *hz;
    }

    std::string directory_;
    Node root_;
    Constants constants_;
    std::set<std::string> broken_; ///< constants that couldn't be read
    std::map<std::string, const Node*> sets_;
    double scale_N_ = 1.0, scale_K_ = 1.0;
    bool weights_given_ = false;
    std::map<std::string, double> full_size_;
    std::map<std::string, double> lost_current_; ///< pA, the full-scale mean input by target
    std::map<std::string, int> projection_names_, stimulus_names_;
};

} // namespace

namespace {

Experiment finished(Reader& reader) {
    if (!reader.errors.empty()) {
        tidy(reader.errors);
        throw InputError(std::move(reader.errors));
    }
    return std::move(reader.experiment);
}

} // namespace

Experiment read_experiment(const std::string& path, const std::vector<std::string>& overrides,
                           std::vector<std::string>* files) {
    Reader reader;
    reader.read(path, overrides);
    if (files != nullptr) *files = std::move(reader.files);
    return finished(reader);
}

Experiment read_experiment_text(const std::string& text, const std::string& directory, const std::string& name,
                                const std::vector<std::string>& overrides, std::vector<std::string>* files) {
    Reader reader;
    reader.read(parse_document(text, directory, name, reader.errors), name, overrides);
    if (files != nullptr) *files = std::move(reader.files);
    return finished(reader);
}

} // namespace spikecast
