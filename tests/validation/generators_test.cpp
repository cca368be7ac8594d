// Generators as stimuli and as populations. Statistical tests accept within 5.33 standard deviations of a sum that is
// normal to good approximation: a correct generator fails one of them with probability 1e-7. (Seeds are fixed, so a
// test that passes once passes always; the bound says how surprising a failure after a change of keys would be.)
#include "spikecast/distributions.hpp"
#include "spikecast/error.hpp"
#include "tests/validation/blocks.hpp"

#include <cmath>
#include <gtest/gtest.h>

namespace spikecast::test {
namespace {

constexpr double accepted = 5.33;
constexpr std::size_t targets = 1100; // three chunks

StimulusSetup stimulus_of(std::string_view model, std::size_t n, Values parameters = {}) {
    StimulusSetup setup;
    setup.generator = setup_of(model, n, 0.1, parameters);
    setup.delay_steps = 1;
    setup.weight.constant = 1.0;
    return setup;
}

/// What all targets receive at the end of `step`.
template <class T>
std::vector<T> received(StimulusBlock<T>& block, std::int64_t step, std::size_t n) {
    std::vector<T> buffer(n, T{0});
    for (std::size_t begin = 0; begin < n; begin += chunk_size)
        block.add(step, begin, std::min(begin + chunk_size, n), buffer.data() + begin);
    return buffer;
}

template <class T>
class Generators : public testing::Test {};
using Precisions = testing::Types<double, float>;
TYPED_TEST_SUITE(Generators, Precisions);

TYPED_TEST(Generators, poisson_counts_have_the_mean_variance_and_independence_of_a_poisson_process) {
    using T = TypeParam;
    for (const double rate : {80.0, 16000.0, 400000.0}) { // 0.008, 1.6 and 40 spikes a step
        const double m = rate * 0.1e-3;
        const auto block = make_stimulus_block<T>(stimulus_of("poisson_generator", targets, {{"rate", rate}}));
        const int steps = 400;
        std::vector<std::vector<T>> counts;
        for (int s = 0; s < steps; ++s)
            counts.push_back(received(*block, s + 1, targets));
        double n = 0, sum = 0, squares = 0, in_time = 0, pairs_in_time = 0, in_space = 0, pairs_in_space = 0;
        for (std::size_t s = 0; s < counts.size(); ++s)
            for (std::size_t i = 0; i < targets; ++i) {
                const double x = static_cast<double>(counts[s][i]) - m;
                n += 1;
                sum += x;
                squares += x * x;
                for (const std::size_t lag : {1U, 2U, 3U, 4U})
                    if (s >= lag) {
                        in_time += x * (static_cast<double>(counts[s - lag][i]) - m);
                        pairs_in_time += 1;
                    }
                for (const std::size_t distance : {1U, 8U, 512U})
                    if (i >= distance) {
                        in_space += x * (static_cast<double>(counts[s][i - distance]) - m);
                        pairs_in_space += 1;
                    }
            }
        EXPECT_LT(std::abs(sum), accepted * std::sqrt(n * m)) << rate;
        // (X - m)^2 has mean m and variance m + 2 m^2
        EXPECT_LT(std::abs(squares - n * m), accepted * std::sqrt(n * (m + 2 * m * m))) << rate;
        // products of independent deviations have mean 0, variance m^2 and are uncorrelated with each other
        EXPECT_LT(std::abs(in_time), accepted * m * std::sqrt(pairs_in_time)) << rate;
        EXPECT_LT(std::abs(in_space), accepted * m * std::sqrt(pairs_in_space)) << rate;
    }
}

TYPED_TEST(Generators, poisson_count_is_the_documented_word_of_the_documented_block) {
    using T = TypeParam;
    StimulusSetup setup = stimulus_of("poisson_generator", targets, {{"rate", 12345.0}});
    for (std::uint64_t& index : setup.generator.indices)
        index = 3 * index + (std::uint64_t{1} << 40);
    setup.delay_steps = 15;
    const auto block = make_stimulus_block<T>(setup);
    const DiscreteSampler law = DiscreteSampler::poisson(12345.0 * 0.1 / 1000);
    const Key key = make_key(42, Purpose::stimulus, "test");
    for (std::int64_t step = 0; step < 40; ++step) {
        const std::vector<T> got = received(*block, step, targets);
        const std::int64_t stamp = step + 1 - 15;
        for (std::size_t i = 0; i < targets; ++i) {
            const auto words = philox(key, setup.generator.indices[i], static_cast<std::uint64_t>(stamp) >> 2);
            const double expected = stamp < 1 ? 0 : law(words[static_cast<std::size_t>(stamp & 3)]);
            ASSERT_EQ(got[i], expected) << "step " << step << ", target " << i;
        }
    }
}

TYPED_TEST(Generators, per_target_values_and_any_split_of_targets_give_the_same_bits) {
    using T = TypeParam;
    for (const std::string_view model :
         {"poisson_generator", "dc_generator", "spike_generator", "step_current_generator",
          "inhomogeneous_poisson_generator", "sinusoidal_poisson_generator", "gamma_sup_generator", "mip_generator",
          "pulsepacket_generator", "ac_generator", "noise_generator"}) {
        StimulusSetup constant = stimulus_of(model, targets);
        // what is the same for all and can't be given for each
        const bool lists = constant.generator.model->parameters[0].is_list || model == "mip_generator";
        const auto parameter = [&](StimulusSetup& setup, std::string_view name) -> ResolvedValue& {
            return setup.generator.parameters[static_cast<std::size_t>(setup.generator.model->parameter(name))];
        };
        if (model == "sinusoidal_poisson_generator") {
            parameter(constant, "amplitude").constant = 8000.0;
            parameter(constant, "frequency").constant = 400.0;
        } else if (model == "gamma_sup_generator") {
            parameter(constant, "rate").constant = 300.0;
            parameter(constant, "gamma_shape").constant = 3.0;
            parameter(constant, "n_proc").constant = 20.0;
        } else if (model == "ac_generator") {
            parameter(constant, "frequency").constant = 130.0;
            parameter(constant, "phase").constant = 30.0;
        } else if (model == "noise_generator") {
            parameter(constant, "dt").constant = 0.3;
            parameter(constant, "std").constant = 150.0;
            parameter(constant, "std_mod").constant = 100.0;
            parameter(constant, "frequency").constant = 130.0;
        }
        if (model == "mip_generator") {
            parameter(constant, "rate").constant = 30000.0;
            parameter(constant, "p_copy").constant = 0.3;
        } else if (model == "pulsepacket_generator") {
            parameter(constant, "pulse_times").list = {0.55, 0.9};
            parameter(constant, "activity").constant = 3.0;
            parameter(constant, "sdev").constant = 0.4;
        } else if (model == "inhomogeneous_poisson_generator") {
            parameter(constant, "rate_times").list = {0.2, 0.7, 1.1};
            parameter(constant, "rate_values").list = {5000.0, 0.0, 300000.0};
        } else if (model == "gamma_sup_generator" || model == "noise_generator") {
        } else if (lists) {
            constant.generator.parameters[0].list = {0.2, 0.5, 0.9};
            if (model == "step_current_generator") constant.generator.parameters[1].list = {3.0, -1.0, 100.1};
        } else {
            constant.generator.parameters[0].constant = 9876.5;
        }
        constant.weight.constant = 1.7;
        StimulusSetup each = constant;
        each.weight.each.assign(targets, 1.7);
        if (!lists) each.generator.parameters[0].each.assign(targets, each.generator.parameters[0].constant);
        if (model == "mip_generator") parameter(each, "p_copy").each.assign(targets, 0.3);
        if (model == "noise_generator") parameter(each, "std").each.assign(targets, 150.0);
        if (model == "ac_generator") parameter(each, "phase").each.assign(targets, 30.0);
        StimulusSetup parts[2] = {constant, constant};
        for (StimulusSetup& part : parts)
            part.generator.indices.clear();
        for (std::size_t i = 0; i < targets; ++i)
            parts[i % 3 == 0].generator.indices.push_back(i);
        const auto a = make_stimulus_block<T>(constant), b = make_stimulus_block<T>(each);
        const std::unique_ptr<StimulusBlock<T>> p[2] = {make_stimulus_block<T>(parts[0]),
                                                        make_stimulus_block<T>(parts[1])};
        T total = 0;
        for (std::int64_t step = 0; step < 20; ++step) {
            const std::vector<T> expected = received(*a, step, targets);
            ASSERT_EQ(expected, received(*b, step, targets)) << model;
            for (std::size_t part = 0; part < 2; ++part) {
                const auto& indices = parts[part].generator.indices;
                const std::vector<T> got = received(*p[part], step, indices.size());
                for (std::size_t j = 0; j < indices.size(); ++j)
                    ASSERT_EQ(got[j], expected[indices[j]]) << model;
            }
            for (const T x : expected)
                total += std::abs(x);
        }
        EXPECT_GT(total, 0) << model << " must do something";
    }
}

TYPED_TEST(Generators, rates_and_weights_can_differ_between_targets) {
    using T = TypeParam;
    StimulusSetup setup = stimulus_of("poisson_generator", 3);
    setup.generator.parameters[0].each = {0.0, 10000.0, 100000.0};
    setup.weight.each = {1.0, 2.0, -1.0};
    const auto block = make_stimulus_block<T>(setup);
    double sums[3] = {};
    const int steps = 10000;
    for (int s = 0; s < steps; ++s) {
        const auto x = received(*block, s + 1, 3);
        for (std::size_t i = 0; i < 3; ++i)
            sums[i] += static_cast<double>(x[i]);
    }
    EXPECT_EQ(sums[0], 0);
    EXPECT_NEAR(sums[1], 2 * 1.0 * steps, accepted * 2 * std::sqrt(1.0 * steps));
    EXPECT_NEAR(sums[2], -10.0 * steps, accepted * std::sqrt(10.0 * steps));
}

TYPED_TEST(Generators, part_of_a_chunk_may_be_asked_for) {
    using T = TypeParam;
    const auto block = make_stimulus_block<T>(stimulus_of("poisson_generator", targets, {{"rate", 10000.0}}));
    for (std::int64_t step = 1; step < 10; ++step) {
        const std::vector<T> all = received(*block, step, targets);
        std::vector<T> part(700, T{0});
        block->add(step, 100, 800, part.data());
        ASSERT_TRUE(std::equal(part.begin(), part.end(), all.begin() + 100));
    }
}

TYPED_TEST(Generators, are_active_for_stamps_after_start_up_to_stop) {
    using T = TypeParam;
    StimulusSetup setup = stimulus_of("poisson_generator", 1, {{"rate", 1e6}}); // 100 a step: never none
    setup.generator.start_step = 3;
    setup.generator.stop_step = 7;
    setup.delay_steps = 2;
    const auto block = make_stimulus_block<T>(setup);
    std::vector<std::int64_t> arrivals;
    for (std::int64_t step = 0; step < 20; ++step)
        if (received(*block, step, 1)[0] > 0) arrivals.push_back(step + 1);
    EXPECT_EQ(arrivals, (std::vector<std::int64_t>{6, 7, 8, 9})); // stamps 4 to 7 and the delay

    const auto population = make_population_block<T>(setup.generator);
    std::vector<std::int64_t> stamps;
    std::vector<std::uint32_t> spikes;
    for (std::int64_t step = 0; step < 20; ++step) {
        spikes.clear();
        population->update(step, 0, 1, {}, spikes);
        if (!spikes.empty()) stamps.push_back(step + 1);
    }
    EXPECT_EQ(stamps, (std::vector<std::int64_t>{4, 5, 6, 7}));
}

TYPED_TEST(Generators, a_poisson_population_spikes_as_often_as_the_same_stimulus) {
    using T = TypeParam;
    const StimulusSetup setup = stimulus_of("poisson_generator", targets, {{"rate", 8000.0}});
    const auto stimulus = make_stimulus_block<T>(setup);
    Driver<T> population(setup.generator);
    for (std::int64_t step = 0; step < 50; ++step) {
        const std::vector<T> counts = received(*stimulus, step + 1, targets); // a delay of one step
        std::vector<T> spikes(targets, T{0});
        std::uint32_t last = 0;
        for (const std::uint32_t i : population.step()) {
            ASSERT_GE(i, last);
            last = i;
            spikes[i] += 1;
        }
        // add(step + 1) receives spikes stamped step + 1, those of the population's update of `step`
        ASSERT_EQ(spikes, counts) << step;
    }
}

TYPED_TEST(Generators, a_spike_generator_spikes_at_its_times_as_often_as_they_are_listed) {
    using T = TypeParam;
    BlockSetup setup = setup_of("spike_generator", 2);
    setup.parameters[0].list = {0.1, 0.3, 0.3, 1.2};
    setup.start_step = 1;
    Driver<T> driver(setup);
    std::vector<std::pair<std::int64_t, std::vector<std::uint32_t>>> got;
    for (int s = 0; s < 20; ++s)
        if (const auto& spikes = driver.step(); !spikes.empty()) got.emplace_back(driver.now(), spikes);
    ASSERT_EQ(got.size(), 2U) << "the spike at start is not in (start, stop]";
    EXPECT_EQ(got[0].first, 3);
    EXPECT_EQ(got[0].second, (std::vector<std::uint32_t>{0, 0, 1, 1}));
    EXPECT_EQ(got[1].first, 12);

    StimulusSetup stimulus;
    stimulus.generator = setup;
    stimulus.delay_steps = 4;
    stimulus.weight.constant = -2.5;
    const auto block = make_stimulus_block<T>(stimulus);
    for (std::int64_t step = 0; step < 20; ++step) {
        const T expected = step + 1 - 4 == 3 ? T(-5) : (step + 1 - 4 == 12 ? T(-2.5) : T(0));
        EXPECT_EQ(received(*block, step, 2), (std::vector<T>{expected, expected})) << step;
    }
}

TYPED_TEST(Generators, a_constant_current_acts_on_V_between_start_and_stop_plus_delay) {
    using T = TypeParam;
    for (const std::int64_t start : {std::int64_t{0}, std::int64_t{1}, std::int64_t{20}}) {
        StimulusSetup setup = stimulus_of("dc_generator", 1, {{"amplitude", 250.0}});
        setup.generator.start_step = start;
        setup.generator.stop_step = 50;
        setup.delay_steps = 3;
        const auto block = make_stimulus_block<T>(setup);
        Driver<T> driver(
            setup_of("iaf_psc_exp", 1, 0.1, {{"tau_m", 1e15}, {"C_m", 250.0}, {"E_L", 0.0}, {"V_th", 1e3}}));
        // without leak V counts the steps in which the current acts: 0.1 mV each
        for (std::int64_t step = 0; step < 100; ++step) {
            block->add(step, 0, 1, driver.current());
            driver.step();
            const std::int64_t begin = std::max<std::int64_t>(start, 1) + 3,
                               end = 50 + 3; // as NEST: never before h + delay
            const auto acted = std::clamp<std::int64_t>(step + 1 - begin, 0, end - begin);
            ASSERT_NEAR(driver.block->get(0, 0), 0.1 * static_cast<double>(acted), 100 * 10 * roundoff<T>)
                << "V at " << step + 1 << ", start " << start;
        }
    }
}

TYPED_TEST(Generators, a_step_current_changes_at_its_times_plus_delay) {
    using T = TypeParam;
    StimulusSetup setup = stimulus_of("step_current_generator", 1);
    setup.generator.parameters[0].list = {1.0, 2.0, 2.5};
    setup.generator.parameters[1].list = {250.0, -500.0, 0.0};
    setup.delay_steps = 2;
    const auto block = make_stimulus_block<T>(setup);
    Driver<T> driver(setup_of("iaf_psc_delta", 1, 0.1, {{"tau_m", 1e15}, {"C_m", 250.0}, {"E_L", 0.0}, {"V_th", 1e3}}));
    double V = 0;
    for (std::int64_t step = 0; step < 50; ++step) {
        block->add(step, 0, 1, driver.current());
        driver.step();
        // V advances over (step, step + 1]; changes are at steps 10, 20 and 25, and the delay
        V += 0.1 * (step >= 12 && step < 22 ? 1.0 : (step >= 22 && step < 27 ? -2.0 : 0.0));
        ASSERT_NEAR(driver.block->get(0, 0), V, 100 * 10 * roundoff<T>) << "V at " << step + 1;
    }
}

TEST(Generator, lists_that_are_off_the_grid_or_out_of_order_are_refused) {
    const auto make = [](std::vector<double> times) {
        BlockSetup setup = setup_of("spike_generator", 1);
        setup.parameters[0].list = std::move(times);
        return make_population_block<double>(setup);
    };
    EXPECT_NO_THROW(make({0.1, 0.3, 0.7, 1e6 + 0.1, 123456789.3}));
    EXPECT_THROW(make({0.15}), InputError);
    EXPECT_THROW(make({0.0}), InputError);
    EXPECT_THROW(make({-0.1}), InputError);
    EXPECT_THROW(make({0.3, 0.2}), InputError);
    try {
        make({0.37});
        FAIL() << "0.37 ms is no multiple of 0.1 ms";
    } catch (const InputError& error) {
        EXPECT_NE(std::string(error.what()).find("0.3"), std::string::npos) << error.what();
        EXPECT_NE(std::string(error.what()).find("0.4"), std::string::npos) << error.what();
    }
    StimulusSetup setup = stimulus_of("step_current_generator", 1);
    setup.generator.parameters[0].list = {1.0, 2.0};
    setup.generator.parameters[1].list = {250.0};
    EXPECT_THROW(make_stimulus_block<double>(setup), InputError);
    setup.generator.parameters[1].list = {250.0, 1.0};
    EXPECT_NO_THROW(make_stimulus_block<double>(setup));
    setup.generator.parameters[0].list = {1.0, 1.0};
    EXPECT_THROW(make_stimulus_block<double>(setup), InputError);
}

TEST(Generator, models_that_cannot_be_a_stimulus_or_a_population_are_refused) {
    EXPECT_THROW(make_stimulus_block<double>(stimulus_of("iaf_psc_exp", 1)), InputError);
    EXPECT_THROW(make_population_block<float>(setup_of("dc_generator", 1)), InputError);
}

} // namespace
} // namespace spikecast::test
