#include "models/neuron_block.hpp"
#include "models/neurons/fitzhugh_nagumo.hpp"
#include "models/neurons/gif_psc_exp.hpp"
#include "models/neurons/hindmarsh_rose.hpp"
#include "models/neurons/iaf_psc_alpha.hpp"
#include "models/neurons/iaf_psc_delta.hpp"
#include "models/neurons/iaf_psc_exp.hpp"
#include "models/neurons/iaf_psc_exp_multisynapse.hpp"
#include "models/neurons/ignore_and_fire.hpp"
#include "models/neurons/izhikevich.hpp"
#include "models/neurons/leaky.hpp"
#include "models/neurons/mat2_psc_exp.hpp"
#include "models/neurons/morris_lecar.hpp"
#include "models/neurons/pif.hpp"
#include "models/neurons/srm.hpp"
#include "spikecast/error.hpp"
#include "tests/validation/blocks.hpp"

#include <bit>
#include <gtest/gtest.h>

namespace spikecast::test {
namespace {

constexpr std::size_t neurons = 1100; // three chunks, the last of which ends within a register
constexpr int steps = 300;

template <class T>
class NeuronBlocks : public testing::Test {};
using Precisions = testing::Types<double, float>;
TYPED_TEST_SUITE(NeuronBlocks, Precisions);

const std::string_view integrate_and_fire[] = {"iaf_psc_delta", "iaf_psc_exp", "iaf_psc_alpha",
                                               "iaf_psc_exp_multisynapse"};

const std::string_view neuron_models[] = {
    "iaf_psc_delta", "iaf_psc_exp", "iaf_psc_alpha",   "iaf_psc_exp_multisynapse", "mat2_psc_exp", "pif",
    "leaky",         "izhikevich",  "fitzhugh_nagumo", "hindmarsh_rose",           "morris_lecar", "ignore_and_fire",
    "gif_psc_exp",   "srm",
};

/// Default parameters, but for the clock that would tick too late.
BlockSetup spiking_setup(std::string_view model, std::size_t size) {
    BlockSetup setup = setup_of(model, size);
    if (model == "ignore_and_fire") setup.parameters[0].constant = 100.0; // Hz
    if (model == "mat2_psc_exp")                                          // its threshold is far above rest
        setup.parameters[static_cast<std::size_t>(setup.model->parameter("omega"))].constant = -65.0;
    if (model == "gif_psc_exp") { // one and two elements
        const auto list = [&](std::string_view name) -> std::vector<double>& {
            return setup.parameters[static_cast<std::size_t>(setup.model->parameter(name))].list;
        };
        list("tau_sfa") = {40.0};
        list("q_sfa") = {3.0};
        list("tau_stc") = {10.0, 50.0};
        list("q_stc") = {20.0, -5.0};
    }
    return setup;
}

/// Input of a neuron in a step, by its index in the population: sparse spikes and a noisy current, so that about every
/// neuron spikes.
template <class T>
void fill_input(Driver<T>& driver, const BlockSetup& setup, std::int64_t step) {
    const Key key = make_key(7, Purpose::test, "input");
    const ModelInfo& model = *setup.model;
    // in the unit of the weight: currents of membranes of some 100 pF, potentials, numbers
    const auto size = [](std::string_view unit, double current, double potential, double number) {
        return unit == "pA" ? current : (unit == "mV" ? potential : number);
    };
    const bool membrane = model.parameter("C_m") >= 0 && model.parameters[0].unit == "pF";
    const double current =
        membrane ? 600 : size(model.variables[0].unit, 20, model.name == "morris_lecar" ? 300 : 20, 1.5);
    for (std::size_t i = 0; i < setup.indices.size(); ++i) {
        const auto words = philox(key, setup.indices[i], static_cast<std::uint64_t>(step));
        const double up = size(model.receptors[0].weight_unit, 400, 3, 0.3);
        if (words[0] < 0x20000000U) driver.receptor(0)[i] = static_cast<T>(open_unit(words[1]) * up);
        if (model.receptors.size() > 1 && words[0] > 0xE0000000U)
            driver.receptor(1)[i] = static_cast<T>(open_unit(words[1]) * -0.75 * up);
        driver.current()[i] = static_cast<T>(open_unit(words[2]) * current);
    }
}

/// Everything a block does in a run, by index in the population.
struct Outcome {
    std::vector<std::vector<std::int64_t>> stamps;
    std::vector<std::vector<double>> variables;

    explicit Outcome(std::size_t n = neurons) : stamps(n), variables(n) {}
    bool operator==(const Outcome&) const = default;
    [[nodiscard]] std::size_t spikes() const {
        std::size_t total = 0;
        for (const auto& train : stamps)
            total += train.size();
        return total;
    }
};

template <class T>
void run(Driver<T>& driver, const BlockSetup& setup, Outcome& outcome) {
    for (int s = 0; s < steps; ++s) {
        fill_input(driver, setup, s);
        for (const std::uint32_t local : driver.step())
            outcome.stamps[setup.indices[local]].push_back(driver.now());
    }
    for (std::size_t i = 0; i < setup.indices.size(); ++i)
        for (std::size_t v = 0; v < setup.model->variables.size(); ++v)
            outcome.variables[setup.indices[i]].push_back(driver.block->get(v, i));
}
template <class T>
Outcome outcome_of(const BlockSetup& setup) {
    Outcome outcome;
    Driver<T> driver(setup);
    run(driver, setup, outcome);
    return outcome;
}

void spread_parameters(BlockSetup& setup) {
    for (std::size_t p = 0; p < setup.parameters.size(); ++p)
        if (!setup.model->parameters[p].is_list)
            setup.parameters[p].each.assign(setup.indices.size(), setup.parameters[p].constant);
}
/// The first parameter (C_m of most) depends on the neuron.
void vary_first_parameter(BlockSetup& setup) {
    setup.parameters[0].each.clear();
    for (const std::uint64_t index : setup.indices)
        setup.parameters[0].each.push_back(setup.parameters[0].constant *
                                           (0.8 + 0.004 * static_cast<double>(index % 97)));
}

TYPED_TEST(NeuronBlocks, constant_and_per_neuron_parameters_give_the_same_bits) {
    for (const std::string_view model : neuron_models) {
        BlockSetup setup = spiking_setup(model, neurons);
        const Outcome constant = outcome_of<TypeParam>(setup);
        ASSERT_GT(constant.spikes(), neurons / 2) << model << ": too few spikes for a comparison";
        spread_parameters(setup);
        EXPECT_TRUE(constant == outcome_of<TypeParam>(setup)) << model;
        vary_first_parameter(setup);
        EXPECT_FALSE(constant == outcome_of<TypeParam>(setup)) << model << ": per-neuron parameters must act";
    }
}

TYPED_TEST(NeuronBlocks, any_distribution_of_neurons_over_blocks_gives_the_same_bits) {
    for (const std::string_view model : neuron_models) {
        BlockSetup whole = spiking_setup(model, neurons);
        vary_first_parameter(whole);
        const Outcome expected = outcome_of<TypeParam>(whole);
        ASSERT_GT(expected.spikes(), neurons / 2) << model;
        Outcome split;
        for (std::uint64_t part = 0; part < 3; ++part) {
            BlockSetup setup = spiking_setup(model, 0);
            for (std::uint64_t i = 0; i < neurons; ++i)
                if (i % 7 % 3 == part) setup.indices.push_back(i);
            vary_first_parameter(setup);
            Driver<TypeParam> driver(setup);
            run(driver, setup, split);
        }
        EXPECT_TRUE(expected == split) << model;
    }
}

template <class Model, class T, class Block = models::NeuronBlock<Model, T, 1>>
void expect_same_bits_at_width_1() {
    const BlockSetup setup = spiking_setup(Model::info.name, neurons);
    Outcome scalar;
    Driver<T> driver(std::make_unique<Block>(setup), neurons, setup.model->receptors.size());
    run(driver, setup, scalar);
    EXPECT_GT(scalar.spikes(), neurons / 2);
    EXPECT_TRUE(scalar == outcome_of<T>(setup)) << setup.model->name;
}
TYPED_TEST(NeuronBlocks, scalar_and_vector_kernels_give_the_same_bits) {
    expect_same_bits_at_width_1<models::IafPscDelta, TypeParam>();
    expect_same_bits_at_width_1<models::IafPscExp, TypeParam>();
    expect_same_bits_at_width_1<models::IafPscAlpha, TypeParam>();
    expect_same_bits_at_width_1<models::Mat2PscExp, TypeParam>();
    expect_same_bits_at_width_1<models::Srm, TypeParam>();
    expect_same_bits_at_width_1<models::Pif, TypeParam>();
    expect_same_bits_at_width_1<models::Leaky, TypeParam>();
    expect_same_bits_at_width_1<models::Izhikevich, TypeParam>();
    expect_same_bits_at_width_1<models::FitzhughNagumo, TypeParam>();
    expect_same_bits_at_width_1<models::HindmarshRose, TypeParam>();
    expect_same_bits_at_width_1<models::MorrisLecar, TypeParam>();
    expect_same_bits_at_width_1<models::IgnoreAndFire, TypeParam>();
    expect_same_bits_at_width_1<models::GifPscExp, TypeParam, models::GifBlock<TypeParam, 1>>();
    expect_same_bits_at_width_1<models::IafPscExpMultisynapse, TypeParam, models::MultisynapseBlock<TypeParam, 1>>();
}

TYPED_TEST(NeuronBlocks, registers_of_512_bits_give_the_same_bits) {
    if (!simd::has_avx512()) GTEST_SKIP() << "this processor has no AVX-512";
    for (const std::string_view model : neuron_models)
        for (const bool each : {false, true}) {
            BlockSetup setup = spiking_setup(model, neurons);
            if (each) vary_first_parameter(setup);
            const Outcome narrow = outcome_of<TypeParam>(setup);
            setup.wide = true;
            EXPECT_TRUE(outcome_of<TypeParam>(setup) == narrow) << model;
        }
}

/// Sums of whole numbers, handed over as they are or as numbers of the run's scalar.
TYPED_TEST(NeuronBlocks, sums_of_compact_weights_are_the_same_input_and_are_cleared_for_the_chunk_alone) {
    using T = TypeParam;
    constexpr std::size_t size = 700; // ends within a register
    std::size_t models = 0;
    for (const std::string_view model : integrate_and_fire)
        for (const bool wide : {false, simd::has_avx512()}) {
            BlockSetup setup = setup_of(model, size, 0.1, {{"I_e", 500.0}});
            Driver<T> summed(setup);
            setup.wide = wide;
            const auto block = make_population_block<T>(setup);
            if (!block->takes_sums()) continue;
            ++models;
            const std::size_t receptors = setup.model->receptors.size();
            const std::vector<T> zeros(chunk_size + 64), scale(receptors, T{1} / 64);
            std::vector<std::vector<std::int32_t>> sums(receptors, std::vector<std::int32_t>(size + 64));
            const Key key = make_key(7, Purpose::test, "sums");
            std::size_t all = 0;
            for (int s = 0; s < 300; ++s) {
                for (std::size_t r = 0; r < receptors; ++r)
                    for (std::size_t i = 0; i < size + 64; ++i) {
                        const auto drawn = static_cast<std::int32_t>(philox(key, i, static_cast<std::uint64_t>(s))[r]);
                        sums[r][i] = (drawn >> 24) * (model == "iaf_psc_delta" ? 1 : 40);
                        if (i < size) summed.receptor(r)[i] = static_cast<T>(sums[r][i]) * scale[r];
                    }
                std::vector<std::uint32_t> spikes;
                for (const std::size_t begin : {std::size_t{0}, chunk_size}) {
                    std::vector<std::int32_t*> at;
                    for (auto& each : sums)
                        at.push_back(each.data() + begin);
                    ChunkInput<T> input{nullptr, zeros.data(), at.data(), scale.data()};
                    block->update(s, begin, std::min(begin + chunk_size, size), input, spikes);
                }
                ASSERT_EQ(spikes, summed.step()) << model;
                all += spikes.size();
                for (std::size_t r = 0; r < receptors; ++r) {
                    ASSERT_EQ(std::count(sums[r].begin(), sums[r].begin() + size, 0), size);
                    const auto drawn = static_cast<std::int32_t>(philox(key, size, static_cast<std::uint64_t>(s))[r]);
                    ASSERT_EQ(sums[r][size], (drawn >> 24) * (model == "iaf_psc_delta" ? 1 : 40)) << "not this block's";
                }
            }
            EXPECT_GT(all, size);
            for (std::size_t v = 0; v < setup.model->variables.size(); ++v)
                for (std::size_t i = 0; i < size; ++i)
                    ASSERT_EQ(block->get(v, i), summed.block->get(v, i));
        }
    EXPECT_GE(models, 3U);
}

TYPED_TEST(NeuronBlocks, chunks_in_any_order_give_the_same_bits) {
    using T = TypeParam;
    for (const std::string_view model : integrate_and_fire) {
        const BlockSetup setup = setup_of(model, neurons, 0.1, {{"I_e", 700.0}});
        const auto forward = make_population_block<T>(setup), backward = make_population_block<T>(setup);
        models::AlignedArray<T> zeros(chunk_size);
        const T* receptors[] = {zeros.data(), zeros.data()};
        const ChunkInput<T> input{receptors, zeros.data()};
        std::size_t spikes = 0;
        for (int s = 0; s < 200; ++s) {
            std::vector<std::uint32_t> a, b;
            for (std::size_t begin : {0U, 512U, 1024U})
                forward->update(s, begin, std::min(begin + chunk_size, neurons), input, a);
            for (std::size_t begin : {1024U, 512U, 0U})
                backward->update(s, begin, std::min(begin + chunk_size, neurons), input, b);
            EXPECT_TRUE(std::is_sorted(a.begin(), a.end()));
            std::sort(b.begin(), b.end());
            ASSERT_EQ(a, b);
            spikes += a.size();
        }
        EXPECT_GE(spikes, neurons);
        for (std::size_t i = 0; i < neurons; ++i)
            ASSERT_EQ(forward->get(0, i), backward->get(0, i));
    }
}

TYPED_TEST(NeuronBlocks, a_refractory_neuron_stays_at_V_reset_for_t_ref_rounded_to_steps) {
    using T = TypeParam;
    struct Case {
        double t_ref, h;
        int steps;
    };
    for (const std::string_view model : integrate_and_fire)
        for (const Case c : {Case{2.0, 0.1, 20},
                             {0.3, 0.1, 3},
                             {0.26, 0.1, 3},
                             {0.24, 0.1, 2},
                             {0.0, 0.1, 0},
                             {2.0, 1.0, 2},
                             {0.07, 0.01, 7}}) {
            const BlockSetup setup = setup_of(model, 1, c.h, {{"t_ref", c.t_ref}, {"V_reset", -68.0}, {"I_e", 1000.0}});
            Driver<T> driver(setup);
            driver.block->set(0, 0, -55.0); // at threshold: it can only rise
            ASSERT_EQ(driver.step().size(), 1U);
            EXPECT_NEAR(driver.block->get(0, 0), -68.0, 70 * 2 * roundoff<T>);
            const double reset = driver.block->get(0, 0);
            for (int s = 0; s < c.steps; ++s) {
                EXPECT_TRUE(driver.step().empty());
                EXPECT_EQ(driver.block->get(0, 0), reset) << model << " step " << s << " t_ref " << c.t_ref;
            }
            driver.step();
            EXPECT_GT(driver.block->get(0, 0), reset) << model << " t_ref " << c.t_ref;
        }
}

TYPED_TEST(NeuronBlocks, spikes_are_lost_on_refractory_delta_neurons_but_charge_those_with_currents) {
    for (const std::string_view model : integrate_and_fire) {
        const BlockSetup setup = setup_of(model, 1, 0.1, {{"t_ref", 0.2}});
        Driver<TypeParam> driver(setup);
        driver.block->set(0, 0, -50.0);
        ASSERT_EQ(driver.step().size(), 1U);
        driver.receptor(0)[0] = 1;
        driver.step();
        driver.step();
        driver.step();
        EXPECT_EQ(driver.block->get(0, 0) > -70.0, model != "iaf_psc_delta") << model;
    }
}

TYPED_TEST(NeuronBlocks, threshold_is_reached_by_equality_and_in_the_step_that_a_delta_spike_arrives) {
    Driver<TypeParam> driver(setup_of("iaf_psc_delta", 2, 0.1, {{"E_L", 0.0}, {"V_th", 16.0}, {"V_reset", 0.0}}));
    driver.receptor(0)[0] = 16;
    driver.receptor(0)[1] = 15.75;
    EXPECT_EQ(driver.step(), std::vector<std::uint32_t>{0});
    EXPECT_EQ(driver.block->get(0, 1), 15.75);
}

TYPED_TEST(NeuronBlocks, a_neuron_that_rests_at_threshold_spikes) {
    for (const std::string_view model : integrate_and_fire) {
        Driver<TypeParam> driver(setup_of(model, 1, 0.1, {{"E_L", -70.0}, {"V_th", -70.0}, {"V_reset", -80.0}}));
        EXPECT_EQ(driver.step().size(), 1U) << model;
    }
}

TYPED_TEST(NeuronBlocks, variables_read_back_what_was_set_and_start_where_declared) {
    using T = TypeParam;
    BlockSetup setup = setup_of("iaf_psc_exp", 3, 0.1, {{"E_L", -65.3}});
    setup.initial[0].each = {-60.1, -70.2, std::numeric_limits<double>::quiet_NaN()};
    setup.initial[1].constant = 12.5;
    const auto block = make_population_block<T>(setup);
    EXPECT_NEAR(block->get(0, 0), -60.1, 65.3 * 2 * roundoff<T>);
    EXPECT_NEAR(block->get(0, 1), -70.2, 65.3 * 2 * roundoff<T>);
    EXPECT_EQ(block->get(0, 2), -65.3) << "V_m starts at E_L";
    EXPECT_EQ(block->get(1, 1), 12.5);
    block->set(0, 2, -57.7);
    const double once = block->get(0, 2);
    EXPECT_NEAR(once, -57.7, 65.3 * 2 * roundoff<T>);
    block->set(0, 2, once);
    EXPECT_EQ(block->get(0, 2), once) << "setting what was read changes nothing";
    EXPECT_GE(block->bytes(), 3 * 5 * sizeof(T));
}

TYPED_TEST(NeuronBlocks, a_block_without_neurons_does_nothing) {
    for (const ModelInfo* model : all_models()) {
        if (model->kind == ModelInfo::Kind::current_generator) continue;
        const auto reads_file = [](const ParameterInfo& p) { return p.is_file(); };
        if (std::any_of(model->parameters.begin(), model->parameters.end(), reads_file)) continue; // tests/data
        BlockSetup setup = setup_of(model->name, 0);
        const auto block = make_population_block<TypeParam>(setup);
        std::vector<std::uint32_t> spikes;
        block->update(0, 0, 0, {}, spikes);
        EXPECT_TRUE(spikes.empty());
    }
}

TEST(NeuronBlock, a_refractory_time_that_single_precision_cannot_count_is_refused) {
    const BlockSetup setup = setup_of("iaf_psc_exp", 1, 0.1, {{"t_ref", 2e6}});
    EXPECT_THROW(make_population_block<float>(setup), InputError);
    EXPECT_NO_THROW(make_population_block<double>(setup));
}

TYPED_TEST(NeuronBlocks, a_parrot_repeats_every_spike_it_receives) {
    Driver<TypeParam> driver(setup_of("parrot_neuron", 700));
    driver.receptor(0)[3] = 1;
    driver.receptor(0)[513] = 3;
    driver.receptor(0)[699] = 2;
    EXPECT_EQ(driver.step(), (std::vector<std::uint32_t>{3, 513, 513, 513, 699, 699}));
    EXPECT_TRUE(driver.step().empty());
}

TEST(NeuronBlock, a_parrot_refuses_counts_that_single_precision_cannot_tell_apart) {
    Driver<float> driver(setup_of("parrot_neuron", 3));
    driver.receptor(0)[1] = 0x1p24F - 1;
    EXPECT_EQ(driver.step().size(), 0xffffffU);
    driver.receptor(0)[1] = 0x1p24F; // 2^24 + 1 is this too
    EXPECT_THROW((void)driver.step(), RunError);
}

TEST(Simd, vectors_agree_with_scalars_lane_by_lane) {
    constexpr std::size_t N = simd::native_width<float>;
    using Vec = simd::vec<float, N>;
    float a[N], b[N];
    const Key key = make_key(1, Purpose::test, "simd");
    for (std::size_t i = 0; i < N; ++i) {
        a[i] = static_cast<float>(open_unit(draw32(key, 0, i)) - 0.5);
        b[i] = i % 3 == 0 ? a[i] : static_cast<float>(open_unit(draw32(key, 1, i)) - 0.5);
    }
    const Vec x = Vec::load(a), y = Vec::load(b);
    const auto check = [&](const char* what, auto operation) {
        const auto got = operation(x, y);
        for (std::size_t i = 0; i < N; ++i)
            EXPECT_EQ(std::bit_cast<std::uint32_t>(got[i]),
                      std::bit_cast<std::uint32_t>(operation(simd::vec<float, 1>(a[i]), simd::vec<float, 1>(b[i]))[0]))
                << what << " lane " << i;
    };
    check("+", [](auto p, auto q) { return p + q; });
    check("-", [](auto p, auto q) { return p - q; });
    check("*", [](auto p, auto q) { return p * q; });
    check("/", [](auto p, auto q) { return p / q; });
    check("negation", [](auto p, auto) { return -p; });
    check("<", [](auto p, auto q) { return select(p < q, p, q); });
    check("<=", [](auto p, auto q) { return select(p <= q, p + p, q); });
    check(">", [](auto p, auto q) { return select(p > q, p, q); });
    check(">=", [](auto p, auto q) { return select(p >= q, p + p, q); });
    check("==", [](auto p, auto q) { return select(p == q, p + p, q); });
    check("& | ~", [](auto p, auto q) { return select(((p < q) & ~(p == q)) | (p > q), p, p * q); });
    std::uint32_t expected = 0;
    for (std::size_t i = 0; i < N; ++i)
        expected |= (a[i] < b[i] ? 1U : 0U) << i;
    EXPECT_EQ(simd::bits(x < y), expected);
    EXPECT_TRUE(simd::any(x == y));
    EXPECT_FALSE(simd::any(x < x));
    EXPECT_EQ(std::bit_cast<std::uint32_t>(Vec(-0.0F)[0]), 0x80000000U);
}

} // namespace
} // namespace spikecast::test
