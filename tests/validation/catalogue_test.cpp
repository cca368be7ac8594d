// The declarations, written a second time: names, units, defaults and bounds are what users' files rely on.
#include "models/reference_page.hpp"
#include "spikecast/block.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <set>
#include <sstream>
#include <string>

namespace spikecast {
namespace {

struct Expected {
    std::string_view model, parameter, unit;
    double default_value;
    std::vector<double> accepted, refused;
    bool is_list = false;
};
constexpr double inf = std::numeric_limits<double>::infinity();
const double nan = std::numeric_limits<double>::quiet_NaN();

const std::vector<Expected>& expectations() {
    static const std::vector<Expected> all = [] {
        std::vector<Expected> list;
        for (const std::string_view model : {"iaf_psc_delta", "iaf_psc_exp", "iaf_psc_alpha"}) {
            list.push_back({model, "C_m", "pF", 250, {1e-3, 1}, {0, -1, nan}});
            list.push_back({model, "tau_m", "ms", 10, {1e-3, 1}, {0, -1, nan}});
            if (model != "iaf_psc_delta") {
                list.push_back({model, "tau_syn_ex", "ms", 2, {1e-3, 1}, {0, -1, nan}});
                list.push_back({model, "tau_syn_in", "ms", 2, {1e-3, 1}, {0, -1, nan}});
            }
            list.push_back({model, "t_ref", "ms", 2, {0, 1}, {-0.1, nan}});
            list.push_back({model, "E_L", "mV", -70, {-100, 0, 100}, {nan}});
            list.push_back({model, "V_th", "mV", -55, {-100, 0, 100}, {nan}});
            list.push_back({model, "V_reset", "mV", -70, {-100, 0, 100}, {nan}});
            list.push_back({model, "I_e", "pA", 0, {-100, 0, 100}, {nan}});
        }
        const auto generator = [&](std::string_view model) {
            list.push_back({model, "start", "ms", 0, {0, 1}, {-1, nan}});
            list.push_back({model, "stop", "ms", inf, {0, 1, inf}, {-1, nan}});
        };
        list.push_back({"poisson_generator", "rate", "Hz", 0, {0, 1e9}, {-1, 2e9, nan}});
        generator("poisson_generator");
        list.push_back({"spike_generator", "spike_times", "ms", 0, {0.1}, {0, -1, nan}, true});
        generator("spike_generator");
        list.push_back({"dc_generator", "amplitude", "pA", 0, {-1, 0, 1}, {nan}});
        generator("dc_generator");
        list.push_back({"step_current_generator", "amplitude_times", "ms", 0, {0.1}, {0, -1, nan}, true});
        list.push_back({"step_current_generator", "amplitude_values", "pA", 0, {-1, 0, 1}, {nan}, true});
        generator("step_current_generator");
        return list;
    }();
    return all;
}

std::vector<double> defaults(const ModelInfo& model) {
    std::vector<double> values;
    for (const ParameterInfo& p : model.parameters)
        values.push_back(p.default_value);
    return values;
}

TEST(Catalogue, has_every_model_once_and_finds_it_by_name) {
    std::set<std::string_view> names;
    for (const ModelInfo* model : all_models()) {
        EXPECT_TRUE(names.insert(model->name).second) << model->name;
        EXPECT_EQ(find_model(model->name), model);
    }
    EXPECT_EQ(names, (std::set<std::string_view>{"iaf_psc_delta", "iaf_psc_exp", "iaf_psc_alpha", "parrot_neuron",
                                                 "poisson_generator", "spike_generator", "dc_generator",
                                                 "step_current_generator"}));
    EXPECT_EQ(find_model("iaf_psc_ex"), nullptr);
}

TEST(Catalogue, parameters_have_their_units_defaults_and_bounds) {
    std::size_t declared = 0;
    for (const ModelInfo* model : all_models())
        declared += model->parameters.size();
    EXPECT_EQ(declared, expectations().size()) << "every parameter has its line in this test";
    for (const Expected& e : expectations()) {
        const ModelInfo* model = find_model(e.model);
        ASSERT_NE(model, nullptr);
        const int number = model->parameter(e.parameter);
        ASSERT_GE(number, 0) << e.model << ' ' << e.parameter;
        const ParameterInfo& p = model->parameters[static_cast<std::size_t>(number)];
        EXPECT_EQ(p.unit, e.unit) << e.model << ' ' << e.parameter;
        EXPECT_EQ(p.default_value, e.default_value) << e.model << ' ' << e.parameter;
        EXPECT_EQ(p.is_list, e.is_list) << e.model << ' ' << e.parameter;
        EXPECT_FALSE(p.meaning.empty());
        EXPECT_TRUE(p.is_list || p.bounds.contains(p.default_value)) << e.model << ' ' << e.parameter;
        for (const double x : e.accepted)
            EXPECT_TRUE(p.bounds.contains(x)) << e.model << ' ' << e.parameter << " = " << x;
        for (const double x : e.refused)
            EXPECT_FALSE(p.bounds.contains(x)) << e.model << ' ' << e.parameter << " = " << x;
    }
}

TEST(Catalogue, relations_hold_for_defaults_and_fail_where_they_should) {
    const auto set = [](const ModelInfo& model, std::vector<double>& values, std::string_view name, double x) {
        values.at(static_cast<std::size_t>(model.parameter(name))) = x;
    };
    for (const ModelInfo* model : all_models()) {
        std::vector<double> values = defaults(*model);
        if (model->name == "parrot_neuron") {
            EXPECT_TRUE(model->relations.empty());
            continue;
        }
        ASSERT_EQ(model->relations.size(), 1U) << model->name;
        const ParameterRelation& relation = model->relations[0];
        EXPECT_TRUE(relation.holds(values.data())) << model->name;
        if (model->kind == ModelInfo::Kind::neuron) {
            EXPECT_EQ(relation.text, "V_reset < V_th");
            set(*model, values, "V_reset", -55);
            EXPECT_FALSE(relation.holds(values.data())) << model->name << ": equality would spike for ever";
            set(*model, values, "V_th", -54.9);
            EXPECT_TRUE(relation.holds(values.data()));
        } else {
            EXPECT_EQ(relation.text, "start <= stop");
            set(*model, values, "start", 2);
            set(*model, values, "stop", 2);
            EXPECT_TRUE(relation.holds(values.data()));
            set(*model, values, "stop", 1);
            EXPECT_FALSE(relation.holds(values.data()));
        }
    }
}

TEST(Catalogue, receptors_and_variables_are_named) {
    for (const std::string_view name : {"iaf_psc_exp", "iaf_psc_alpha"}) {
        const ModelInfo& model = *find_model(name);
        ASSERT_EQ(model.receptors.size(), 2U);
        EXPECT_EQ(model.receptor("ex"), 0);
        EXPECT_EQ(model.receptor("in"), 1);
        EXPECT_EQ(model.receptors[0].sign, 1);
        EXPECT_EQ(model.receptors[1].sign, -1);
        EXPECT_EQ(model.receptors[0].weight_unit, "pA");
        EXPECT_EQ(model.variable("I_syn_ex"), 1);
        EXPECT_EQ(model.variable("I_syn_in"), 2);
    }
    const ModelInfo& delta = *find_model("iaf_psc_delta");
    ASSERT_EQ(delta.receptors.size(), 1U);
    EXPECT_EQ(delta.receptors[0].weight_unit, "mV");
    EXPECT_EQ(delta.receptors[0].sign, 0);
    const ModelInfo& parrot = *find_model("parrot_neuron");
    ASSERT_EQ(parrot.receptors.size(), 1U);
    EXPECT_TRUE(parrot.receptors[0].counts);
    for (const ModelInfo* model : all_models()) {
        EXPECT_EQ(model->receptors.empty(), model->kind != ModelInfo::Kind::neuron) << model->name;
        if (model->variables.empty()) continue;
        EXPECT_EQ(model->variables[0].name, "V_m");
        EXPECT_EQ(model->variables[0].offset, model->parameter("E_L"));
        EXPECT_FALSE(model->variables[static_cast<std::size_t>(model->variable("refractory"))].visible);
    }
}

TEST(Catalogue, charge_of_a_spike_is_the_integral_of_its_current) {
    const auto charge = [](std::string_view name, std::size_t receptor) {
        const ModelInfo& model = *find_model(name);
        std::vector<double> values = defaults(model);
        if (model.parameter("tau_syn_in") >= 0) values[static_cast<std::size_t>(model.parameter("tau_syn_in"))] = 0.5;
        return model.charge(values.data(), receptor);
    };
    EXPECT_EQ(charge("iaf_psc_exp", 0), 2.0);
    EXPECT_EQ(charge("iaf_psc_exp", 1), 0.5);
    EXPECT_DOUBLE_EQ(charge("iaf_psc_alpha", 0), 2.0 * std::exp(1.0));
    EXPECT_DOUBLE_EQ(charge("iaf_psc_alpha", 1), 0.5 * std::exp(1.0));
    EXPECT_EQ(charge("iaf_psc_delta", 0), 250.0);
}

TEST(ReferencePage, names_everything_in_80_columns_of_plain_text) {
    std::string all = catalogue_page();
    for (const ModelInfo* model : all_models()) {
        EXPECT_NE(all.find(model->name), std::string::npos);
        const std::string page = reference_page(*model);
        EXPECT_EQ(page.rfind(std::string(model->name) + " - ", 0), 0U);
        for (const ParameterInfo& p : model->parameters)
            EXPECT_NE(page.find("\n  " + std::string(p.name) + ' '), std::string::npos) << p.name;
        const std::string tables = page.substr(std::min(page.find("\nVariables"), page.size()));
        for (const VariableInfo& v : model->variables)
            EXPECT_EQ(tables.find("\n  " + std::string(v.name) + ' ') != std::string::npos, v.visible) << v.name;
        for (const ReceptorInfo& r : model->receptors)
            EXPECT_NE(page.find("\n  " + std::string(r.name) + ' '), std::string::npos) << r.name;
        for (const ParameterRelation& r : model->relations)
            EXPECT_NE(page.find(r.text), std::string::npos) << r.text;
        EXPECT_NE(page.find("\nReference\n"), std::string::npos);
        EXPECT_FALSE(model->citation.empty());
        EXPECT_FALSE(model->equations.empty());
        all += page;
    }
    std::istringstream lines(all);
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), 80U) << line;
        EXPECT_TRUE(line.empty() || line.back() != ' ') << line;
    }
}

} // namespace
} // namespace spikecast
