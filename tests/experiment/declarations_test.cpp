// Every declaration of the catalogue through the reader: each bound of each parameter violated once, each relation,
// each choice, each unit, and the message that comes of it seen, with its place. New models join by being in the
// catalogue.
#include "engine/experiment/check.hpp"
#include "engine/experiment/reader.hpp"
#include "spikecast/model.hpp"

#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

#include <gtest/gtest.h>

using namespace spikecast;
namespace fs = std::filesystem;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::string toml(double x) {
    const std::string digits = fmt::format("{}", x);
    return digits.find_first_of(".ein") == std::string::npos ? digits + ".0" : digits;
}

class Declarations : public ::testing::Test {
protected:
    Declarations() : file_(fs::temp_directory_path() / fmt::format("spikecast_declarations_{}.toml", ::getpid())) {}
    ~Declarations() override {
        fs::remove(file_);
        fs::remove(data());
    }

    /// Parameters that are arrays in files, which a model can't do without: one sample of one element.
    std::string files(const ModelInfo& model) {
        std::string text;
        for (const ParameterInfo& p : model.parameters)
            if (p.is_file()) text += fmt::format(", {} = {{ file = \"{}\" }}", p.name, data().string());
        if (!text.empty()) {
            std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }";
            header.resize(117, ' ');
            std::ofstream(data(), std::ios::binary) << std::string("\x93NUMPY\x01\x00\x76\x00", 10) << header << '\n'
                                                    << std::string(8, '\0');
        }
        return text;
    }
    fs::path data() const { return fs::path(file_).replace_extension(".npy"); }

    /// The complaint about an experiment in which the model has these parameters; they stand in line 6.
    std::string complaint(const ModelInfo& model, const std::string& params) {
        const bool population = model.kind == ModelInfo::Kind::neuron;
        std::ofstream(file_) << "[simulation]\nduration = \"10 ms\"\n"
                             << (population ? "[populations.X]\n" : "[[stimuli]]\n") << "model = \"" << model.name
                             << "\"\n"
                             << (population ? "size = 1\n" : "target = \"N\"\n") << "params = { " << params
                             << files(model) << " }\n"
                             << (model.name == "cable_neuron"
                                     ? "morphology = { sections = [{ name = \"s\", length = 1, diameter = 1 }] }\n"
                                     : "")
                             << (population ? "" : "[populations.N]\nmodel = \"iaf_psc_exp\"\nsize = 1\n");
        try {
            (void)read_experiment(file_.string());
            return "accepted";
        } catch (const InputError& error) {
            std::string text = error.what();
            const std::string prefix = file_.string();
            if (text.rfind(prefix + ":6:", 0) != 0) ADD_FAILURE() << "no place in: " << text;
            return text.substr(std::min(text.size(), prefix.size()));
        }
    }
    static std::string path_of(const ModelInfo& model) {
        return model.kind == ModelInfo::Kind::neuron ? "populations.X.params" : "stimuli[0].params";
    }
    /// The complaint names object, value, rule.
    void expect_complaint(const ModelInfo& model, const std::string& params, std::initializer_list<std::string> parts) {
        const std::string said = complaint(model, params);
        for (const std::string& part : parts)
            EXPECT_NE(said.find(part), std::string::npos)
                << model.name << " { " << params << " }\n  lacks: " << part << "\n  says:  " << said;
        ++seen_;
    }

    fs::path file_;
    int seen_ = 0;
};

/// start and stop of generators have checks of their own.
bool is_activity(const ModelInfo& model, const ParameterInfo& p) {
    return model.kind != ModelInfo::Kind::neuron && (p.name == "start" || p.name == "stop");
}
std::string assigned(const ParameterInfo& p, double x) {
    return fmt::format("{} = {}{}{}", p.name, p.is_list ? "[" : "", toml(x), p.is_list ? "]" : "");
}

} // namespace

TEST_F(Declarations, each_bound_of_each_parameter_is_kept) {
    for (const ModelInfo* model : all_models())
        for (const ParameterInfo& p : model->parameters) {
            if (!p.choices.empty() || p.is_file()) continue;
            const std::string name(p.name);
            const std::string label = is_activity(*model, p) || !p.is_list ? name : name + "[0]";
            if (std::isfinite(p.bounds.low)) {
                const double x = p.bounds.low_open ? p.bounds.low : p.bounds.low - 1.0;
                expect_complaint(*model, assigned(p, x),
                                 {path_of(*model) + "." + name, fmt::format("{} = {}", label, with_unit(x, p.unit)),
                                  "but it must be"});
            }
            if (std::isfinite(p.bounds.high)) {
                const double x = p.bounds.high_open ? p.bounds.high : p.bounds.high * 2.0 + 1.0;
                expect_complaint(*model, assigned(p, x),
                                 {path_of(*model) + "." + name, fmt::format("{} = {}", label, with_unit(x, p.unit)),
                                  "but it must be"});
            }
            expect_complaint(*model, assigned(p, std::nan("")), {path_of(*model) + "." + name});
        }
    EXPECT_GT(seen_, 50) << "the catalogue has bounds";
}

TEST_F(Declarations, defaults_and_what_lies_within_the_bounds_are_accepted) {
    for (const ModelInfo* model : all_models())
        for (const ParameterInfo& p : model->parameters) {
            if (p.is_list || !p.choices.empty() || is_activity(*model, p) || !std::isfinite(p.default_value)) continue;
            if (p.is_file() || model->name == "spike_train_injector") continue; // tests/data reads files
            EXPECT_EQ(complaint(*model, assigned(p, p.default_value)), "accepted") << model->name << ' ' << p.name;
        }
}

TEST_F(Declarations, each_unit_is_checked) {
    for (const ModelInfo* model : all_models())
        for (const ParameterInfo& p : model->parameters) {
            if (!p.choices.empty() || p.is_file()) continue;
            const std::string value = p.is_list ? "[\"1 m\"]" : "\"1 m\""; // no parameter is a length squared or so
            if (p.unit == "um") continue;
            expect_complaint(*model, fmt::format("{} = {}", p.name, value),
                             {path_of(*model) + "." + std::string(p.name), "'1 m' is a length"});
        }
}

TEST_F(Declarations, each_choice_is_checked) {
    int choices = 0;
    for (const ModelInfo* model : all_models())
        for (const ParameterInfo& p : model->parameters) {
            if (p.choices.empty() || model->name == "spike_train_injector") continue; // needs a file of spikes
            ++choices;
            const bool is_flag = p.choices.data() == no_or_yes;
            for (const std::string_view choice : p.choices)
                EXPECT_EQ(complaint(*model, fmt::format("{} = \"{}\"", p.name, choice)), "accepted") << p.name;
            expect_complaint(*model, fmt::format("{} = \"neither\"", p.name),
                             {path_of(*model) + "." + std::string(p.name), is_flag ? "true or false" : "'neither'"});
            expect_complaint(*model, fmt::format("{} = 1", p.name), {"is an integer, but must be"});
            EXPECT_EQ(complaint(*model, fmt::format("{} = true", p.name)) == "accepted", is_flag) << p.name;
        }
    EXPECT_GT(choices, 0);
}

TEST_F(Declarations, each_relation_is_kept) {
    for (const ModelInfo* model : all_models())
        for (const ParameterRelation& relation : model->relations) {
            if (model->kind != ModelInfo::Kind::neuron && relation.text == "start <= stop") {
                expect_complaint(*model, "start = 2.0, stop = 1.0", {"start = 2 ms is not before stop = 1 ms"});
                continue;
            }
            // values within bounds that break it, and no other: of one parameter that it names, or of two
            std::vector<double> values;
            std::vector<std::size_t> named;
            for (std::size_t i = 0; i < model->parameters.size(); ++i) {
                const ParameterInfo& p = model->parameters[i];
                values.push_back(p.default_value);
                if (!p.is_list && relation.text.find(p.name) != std::string_view::npos) named.push_back(i);
            }
            EXPECT_TRUE(relation.holds(values.data())) << model->name << ": " << relation.text;
            const auto candidates = [&](std::size_t i) {
                std::vector<double> list;
                for (const double x : values)
                    for (const double by : {0.0, -1000.0, -1.0, -0.5, 0.5, 1.0, 1000.0})
                        if (std::isfinite(x) && model->parameters[i].bounds.contains(x + by)) list.push_back(x + by);
                list.push_back(0.0);
                return list;
            };
            bool broken = false;
            const auto try_out = [&](const std::vector<std::pair<std::size_t, double>>& changes) {
                std::vector<double> changed = values;
                std::string params;
                for (const auto& [i, x] : changes) {
                    const ParameterInfo& p = model->parameters[i];
                    if (!p.bounds.contains(x) || !p.choices.empty()) return;
                    changed[i] = x;
                    params += (params.empty() ? "" : ", ") + assigned(p, x);
                }
                for (const ParameterRelation& other : model->relations)
                    if (other.holds(changed.data()) == (&other == &relation)) return;
                const ParameterInfo& p = model->parameters[changes[0].first];
                expect_complaint(*model, params,
                                 {fmt::format("{} needs {}, but", model->name, relation.text),
                                  fmt::format("{} = {}", p.name, with_unit(changes[0].second, p.unit))});
                broken = true;
            };
            for (const std::size_t i : named)
                for (const double x : candidates(i))
                    if (!broken) try_out({{i, x}});
            for (const std::size_t i : named)
                for (const std::size_t j : named)
                    if (i < j && !broken)
                        for (const double x : candidates(i))
                            for (const double y : candidates(j))
                                if (!broken) try_out({{i, x}, {j, y}});
            EXPECT_TRUE(broken) << model->name << ": found no values that break " << relation.text;
        }
}

TEST_F(Declarations, misspelt_parameters_get_the_nearest_name) {
    for (const ModelInfo* model : all_models())
        for (const ParameterInfo& p : model->parameters) {
            if (p.name.size() < 4) continue;
            const std::string wrong = std::string(p.name) + "x";
            expect_complaint(*model, wrong + " = 1",
                             {path_of(*model) + "." + wrong,
                              fmt::format("{} has no parameter '{}'", model->name, wrong),
                              fmt::format("did you mean '{}'?", p.name)});
        }
}
