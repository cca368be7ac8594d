// Declarations of synapse models through the reader: defaults are accepted, what violates a bound or a relation, has a
// dimension, or isn't known, is refused with its name.
#include "engine/experiment/reader.hpp"
#include "models/reference_page.hpp"
#include "spikecast/error.hpp"
#include "spikecast/plasticity.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace spikecast {
namespace {

/// What the reader says of a projection with this synapse; empty: nothing.
std::string complaint(const std::string& synapse, const std::string& more = "") {
    const auto path =
        std::filesystem::temp_directory_path() / ("spikecast_synapse_" + std::to_string(getpid()) + ".toml");
    {
        std::ofstream toml(path);
        toml << "[simulation]\nduration = \"10 ms\"\n[populations.N]\nmodel = \"iaf_psc_delta\"\nsize = 4\n"
                "[[projections]]\nsource = \"N\"\ntarget = \"N\"\nname = \"T\"\nrule = \"one_to_one\"\nsynapse = "
                "\"teacher\"\n"
                "[[projections]]\nsource = \"N\"\ntarget = \"N\"\nname = \"V\"\nrule = \"all_to_all\"\nsynapse = "
                "\"volume_transmitter\"\n"
                "[[projections]]\nsource = \"N\"\ntarget = \"N\"\nname = \"P\"\nrule = \"all_to_all\"\nsynapse = "
             << synapse << "\n"
             << more << "\n";
    }
    std::string said;
    try {
        (void)read_experiment(path.string());
    } catch (const InputError& e) {
        said = e.what();
    }
    std::filesystem::remove(path);
    return said;
}

std::string with(const SynapseModelInfo& info, const std::string& parameter, const std::string& value) {
    return "{ model = \"" + std::string(info.model.name) + "\", " + parameter + " = " + value + " }";
}

TEST(SynapseDeclarations, defaults_are_accepted_and_pages_are_complete) {
    EXPECT_GE(all_synapse_models().size(), 20U);
    for (const SynapseModelInfo* info : all_synapse_models()) {
        EXPECT_EQ(complaint("\"" + std::string(info->model.name) + "\""), "") << info->model.name;
        EXPECT_FALSE(info->model.summary.empty());
        EXPECT_FALSE(info->model.citation.empty());
        std::size_t begin = 0;
        const std::string page = reference_page(info->model);
        for (std::size_t end; (end = page.find('\n', begin)) != std::string::npos; begin = end + 1)
            EXPECT_LE(end - begin, 80U) << info->model.name << ": " << page.substr(begin, end - begin);
    }
}

TEST(SynapseDeclarations, every_bound_holds) {
    for (const SynapseModelInfo* info : all_synapse_models())
        for (const ParameterInfo& p : info->model.parameters) {
            const std::string name(p.name);
            const auto refused = [&](double value) {
                const std::string said = complaint(with(*info, name, std::to_string(value)));
                EXPECT_NE(said.find(name), std::string::npos)
                    << info->model.name << "." << name << " = " << value << ": " << said;
            };
            if (std::isfinite(p.bounds.low)) refused(p.bounds.low_open ? p.bounds.low : p.bounds.low - 1.0);
            if (std::isfinite(p.bounds.high)) refused(p.bounds.high_open ? p.bounds.high : p.bounds.high + 1.0);
            const std::string other = p.unit == "mV" ? "\"1 ms\"" : "\"1 mV\"";
            EXPECT_NE(complaint(with(*info, name, other)), "")
                << info->model.name << "." << name << " accepts " << other;
            EXPECT_TRUE(p.bounds.contains(p.default_value)) << info->model.name << "." << name;
        }
}

TEST(SynapseDeclarations, every_relation_can_be_violated) {
    for (const SynapseModelInfo* info : all_synapse_models())
        for (const ParameterRelation& relation : info->model.relations) {
            const std::string text(relation.text);
            bool violated = false;
            for (const ParameterInfo& p : info->model.parameters)
                for (const double value : {0.0, 0.5, 1.5, 1000.0, -1000.0})
                    if (p.bounds.contains(value)) {
                        const std::string said = complaint(with(*info, std::string(p.name), std::to_string(value)));
                        violated = violated || said.find(text) != std::string::npos;
                    }
            EXPECT_TRUE(violated) << info->model.name << ": " << text;
        }
}

TEST(SynapseDeclarations, unknown_names_are_refused_with_the_nearest) {
    EXPECT_NE(complaint("\"stdp_tripplet\"").find("stdp_triplet"), std::string::npos);
    EXPECT_NE(complaint("{ model = \"stdp_triplet\", Wmaxx = 3 }").find("Wmax"), std::string::npos);
    EXPECT_NE(complaint("{ lambda = 3 }"), "");
    EXPECT_NE(complaint("3"), "");
}

TEST(SynapseDeclarations, a_rule_that_follows_potentials_needs_one) {
    const std::string others = "[populations.Q]\nmodel = \"leaky\"\nsize = 3\n"
                               "[[projections]]\nsource = \"N\"\ntarget = \"Q\"\nrule = \"all_to_all\"\nsynapse = ";
    EXPECT_NE(complaint("\"oja\"", others + "\"clopath\"").find("follows V_m"), std::string::npos);
    EXPECT_EQ(complaint("\"oja\"", others + "\"oja\""), "");
    EXPECT_NE(complaint("{ model = \"clopath\", delay_u_bars = 0.15 }").find("delay_u_bars"), std::string::npos);
}

TEST(SynapseDeclarations, normalisation_is_checked) {
    const std::string stdp = "\"stdp_synapse\"";
    EXPECT_EQ(complaint(stdp, "normalise = { sum = \"3 mV\", interval = \"1 ms\" }"), "");
    EXPECT_NE(complaint(stdp, "normalise = { sum = \"3 pA\", interval = \"1 ms\" }").find("sum"), std::string::npos);
    EXPECT_NE(complaint(stdp, "normalise = { sum = \"0 mV\", interval = \"1 ms\" }").find("sum"), std::string::npos);
    EXPECT_NE(complaint(stdp, "normalise = { sum = \"3 mV\", interval = \"0.15 ms\" }").find("interval"),
              std::string::npos);
    EXPECT_NE(complaint(stdp, "normalise = { sum = \"3 mV\", interval = 0 }").find("interval"), std::string::npos);
    EXPECT_NE(complaint(stdp, "normalise = { sum = \"3 mV\" }").find("interval"), std::string::npos);
    EXPECT_NE(complaint(stdp, "normalise = 3"), "");
}

} // namespace
} // namespace spikecast
