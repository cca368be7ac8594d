// Laws of the generators. Statistical tests accept within 5.33 standard deviations of a sum that is normal to good
// approximation: a correct generator fails one comparison with probability 1e-7. Seeds are fixed, so a test that passes
// once passes always.
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
ResolvedValue& parameter(StimulusSetup& setup, std::string_view name) {
    return setup.generator.parameters[static_cast<std::size_t>(setup.generator.model->parameter(name))];
}

/// What all targets receive at the end of `step`; spikes stamped `step` with the delay of one step.
std::vector<double> received(StimulusBlock<double>& block, std::int64_t step, std::size_t n = targets) {
    std::vector<double> buffer(n, 0.0);
    for (std::size_t begin = 0; begin < n; begin += chunk_size)
        block.add(step, begin, std::min(begin + chunk_size, n), buffer.data() + begin);
    return buffer;
}
double sum(const std::vector<double>& values) {
    double s = 0;
    for (const double x : values)
        s += x;
    return s;
}

struct Moments {
    double n = 0, first = 0, second = 0;
    void add(double x) {
        n += 1;
        first += x;
        second += x * x;
    }
    [[nodiscard]] double mean() const { return first / n; }
    [[nodiscard]] double variance() const { return second / n - mean() * mean(); }
    [[nodiscard]] double error() const { return std::sqrt(variance() / n); } ///< of the mean
};

TEST(InhomogeneousPoisson, rate_changes_with_the_stamp_of_its_time) {
    StimulusSetup setup = stimulus_of("inhomogeneous_poisson_generator", targets);
    parameter(setup, "rate_times").list = {1.0, 2.0, 3.0, 4.0};
    parameter(setup, "rate_values").list = {2000.0, 0.0, 1e6, 3000.0}; // 0.2, 0, 100 and 0.3 spikes a step
    const auto block = make_stimulus_block<double>(setup);
    for (std::int64_t stamp = 1; stamp < 60; ++stamp) {
        const double mean = stamp < 10 ? 0.0 : stamp < 20 ? 0.2 : stamp < 30 ? 0.0 : stamp < 40 ? 100.0 : 0.3;
        const double n = targets, got = sum(received(*block, stamp));
        EXPECT_LE(std::abs(got - n * mean), accepted * std::sqrt(n * mean)) << stamp;
    }
}

TEST(InhomogeneousPoisson, counts_of_any_mean_have_the_poisson_law) {
    for (const double mean : {0.05, 3.0, 15.9, 16.1, 400.0}) { // inverted up to 16, rejection above
        StimulusSetup setup = stimulus_of("inhomogeneous_poisson_generator", targets);
        parameter(setup, "rate_times").list = {0.1};
        parameter(setup, "rate_values").list = {mean * 1e4};
        const auto block = make_stimulus_block<double>(setup);
        double n = 0, first = 0, second = 0, in_time = 0;
        std::vector<double> before;
        for (std::int64_t stamp = 1; stamp <= 200; ++stamp) {
            const std::vector<double> counts = received(*block, stamp);
            for (std::size_t i = 0; i < targets; ++i) {
                const double x = counts[i] - mean;
                n += 1;
                first += x;
                second += x * x;
                if (!before.empty()) in_time += x * (before[i] - mean);
            }
            before = counts;
        }
        EXPECT_LT(std::abs(first), accepted * std::sqrt(n * mean)) << mean;
        EXPECT_LT(std::abs(second - n * mean), accepted * std::sqrt(n * (mean + 2 * mean * mean))) << mean;
        EXPECT_LT(std::abs(in_time), accepted * mean * std::sqrt(n)) << mean;
    }
}

TEST(InhomogeneousPoisson, a_constant_rate_gives_the_spikes_of_poisson_generator) {
    StimulusSetup setup = stimulus_of("inhomogeneous_poisson_generator", targets);
    parameter(setup, "rate_times").list = {0.1};
    parameter(setup, "rate_values").list = {7000.0};
    const auto a = make_stimulus_block<double>(setup);
    const auto b = make_stimulus_block<double>(stimulus_of("poisson_generator", targets, {{"rate", 7000.0}}));
    for (std::int64_t stamp = 1; stamp < 100; ++stamp)
        ASSERT_EQ(received(*a, stamp), received(*b, stamp)) << stamp;
}

TEST(InhomogeneousPoisson, lists_of_different_lengths_are_refused) {
    StimulusSetup setup = stimulus_of("inhomogeneous_poisson_generator", 1);
    parameter(setup, "rate_times").list = {1.0, 2.0};
    parameter(setup, "rate_values").list = {1.0};
    EXPECT_THROW(make_stimulus_block<double>(setup), InputError);
    parameter(setup, "rate_values").list = {1.0, 2e13};
    EXPECT_THROW(make_stimulus_block<double>(setup), InputError);
}

TEST(SinusoidalPoisson, counts_follow_the_rate_of_the_end_of_each_step) {
    for (const bool differ : {false, true}) {
        StimulusSetup setup = stimulus_of(
            "sinusoidal_poisson_generator", targets,
            {{"rate", 3000.0}, {"amplitude", 5000.0}, {"frequency", 250.0}, {"phase", 40.0}}); // cut off at 0 in part
        if (differ)                                                                            // half a turn apart
            for (std::size_t i = 0; i < targets; ++i)
                parameter(setup, "phase").each.push_back(i % 2 == 0 ? 40.0 : 220.0);
        const auto block = make_stimulus_block<double>(setup);
        const Key key = make_key(42, Purpose::stimulus, "test");
        for (std::int64_t stamp = 1; stamp <= 120; ++stamp) {
            const std::vector<double> counts = received(*block, stamp);
            for (std::size_t i = 0; i < targets; ++i) {
                const double turns =
                    250.0 * 1e-4 * static_cast<double>(stamp) + (differ && i % 2 == 1 ? 220.0 : 40.0) / 360.0;
                const double mean =
                    std::max(0.0, 3000.0 + 5000.0 * std::sin(2 * 3.14159265358979323846 * turns)) * 1e-4;
                // tables of two origins: a word would have to fall between thresholds that differ by 2^-32
                ASSERT_EQ(counts[i], DiscreteSampler::poisson(mean)(draw32(key, i, static_cast<std::uint64_t>(stamp))))
                    << stamp << ' ' << i;
            }
        }
    }
}

/// Steps between spikes of each target, over so many steps; a step with two spikes has an interval of 0.
std::vector<std::vector<double>> intervals(const StimulusSetup& setup, std::int64_t steps) {
    const auto block = make_stimulus_block<double>(setup);
    const std::size_t n = setup.generator.indices.size();
    std::vector<std::vector<double>> all(n);
    std::vector<std::int64_t> last(n, -1);
    for (std::int64_t stamp = 1; stamp <= steps; ++stamp) {
        const std::vector<double> counts = received(*block, stamp, n);
        for (std::size_t i = 0; i < n; ++i)
            for (int k = 0; k < static_cast<int>(counts[i]); ++k) {
                if (last[i] >= 0) all[i].push_back(static_cast<double>(stamp - last[i]));
                last[i] = stamp;
            }
    }
    return all;
}

TEST(GammaSup, intervals_of_one_process_are_gamma_distributed_and_independent) {
    for (const double shape : {1.0, 4.0}) {
        const StimulusSetup setup = stimulus_of("gamma_sup_generator", 600, {{"rate", 100.0}, {"gamma_shape", shape}});
        const double p = 100.0 * shape * 1e-4; // each stage is geometric: mean 1 / p, variance (1 - p) / p^2
        const double mean = shape / p, variance = shape * (1 - p) / (p * p);
        double n = 0, first = 0, second = 0, pairs = 0, serial = 0;
        for (const std::vector<double>& each : intervals(setup, 20000)) {
            // the first 100 of about 200: those that end within the run are too short on average
            for (std::size_t k = 0; k < std::min<std::size_t>(each.size(), 100); ++k) {
                const double x = each[k] - mean;
                n += 1;
                first += x;
                second += x * x;
                if (k > 0) {
                    serial += x * (each[k - 1] - mean);
                    pairs += 1;
                }
            }
        }
        EXPECT_GT(n, 59000);
        EXPECT_LT(std::abs(first), accepted * std::sqrt(n * variance)) << shape;
        // excess kurtosis of a sum of geometric numbers: (6 + p^2 / (1 - p)) / shape
        const double spread = variance * std::sqrt(2 + (6 + p * p / (1 - p)) / shape);
        EXPECT_LT(std::abs(second - n * variance), accepted * std::sqrt(n) * spread) << shape;
        EXPECT_LT(std::abs(serial), accepted * std::sqrt(pairs) * variance) << shape;
    }
}

TEST(GammaSup, superposition_has_the_summed_rate_and_fluctuates_less_than_a_poisson_process) {
    const auto block = make_stimulus_block<double>(
        stimulus_of("gamma_sup_generator", targets, {{"rate", 100.0}, {"gamma_shape", 5.0}, {"n_proc", 40.0}}));
    // Starting in equilibrium, counts in T have the mean n rate T. Their Fano factor tends to CV^2 = (1 - p) / shape.
    const int steps = 10000;
    std::vector<double> totals(targets, 0.0);
    for (std::int64_t stamp = 1; stamp <= steps; ++stamp) {
        const std::vector<double> counts = received(*block, stamp);
        for (std::size_t i = 0; i < targets; ++i)
            totals[i] += counts[i];
    }
    Moments m;
    for (const double x : totals)
        m.add(x);
    const double expected = 40 * 100.0 * steps * 1e-4, fano = (1 - 0.05) / 5.0;
    EXPECT_LT(std::abs(m.mean() - expected), accepted * std::sqrt(expected * fano / targets));
    // A renewal process adds (1 - CV^4) / 6 to the variance CV^2 n of each process's count (Cox 1962, section 4.5),
    // less than 0.2 %; the variance's own error is sqrt(2 / targets) = 4.3 %, taken 5.33 times.
    EXPECT_LT(std::abs(m.variance() / expected - fano), accepted * fano * std::sqrt(2.0 / targets) + 0.002);
}

TEST(GammaSup, refuses_more_than_one_transition_a_step) {
    EXPECT_NO_THROW(
        make_stimulus_block<double>(stimulus_of("gamma_sup_generator", 1, {{"rate", 5000.0}, {"gamma_shape", 2.0}})));
    EXPECT_THROW(
        make_stimulus_block<double>(stimulus_of("gamma_sup_generator", 1, {{"rate", 5001.0}, {"gamma_shape", 2.0}})),
        InputError);
}

TEST(Mip, children_are_poisson_with_the_copying_probability_as_correlation) {
    for (const double rate : {500.0, 60000.0}) { // the mother: 0.05 and 6 spikes a step
        constexpr double p = 0.3;
        constexpr std::size_t n = 40;
        const auto block =
            make_stimulus_block<double>(stimulus_of("mip_generator", n, {{"rate", rate}, {"p_copy", p}}));
        const double mother = rate * 1e-4, m = p * mother;
        // One number a step each, so that steps are independent samples and their spread gives the error.
        Moments mean, variance, covariance, in_time;
        double before = 0;
        for (std::int64_t stamp = 1; stamp <= 20000; ++stamp) {
            const std::vector<double> counts = received(*block, stamp, n);
            double s = 0, squares = 0;
            for (const double x : counts) {
                s += x - m;
                squares += (x - m) * (x - m);
            }
            mean.add(s / n);
            variance.add(squares / n);
            covariance.add((s * s - squares) / (n * (n - 1)));
            in_time.add(s * before);
            before = s;
        }
        EXPECT_LT(std::abs(mean.mean()), accepted * mean.error()) << rate;
        EXPECT_LT(std::abs(variance.mean() - m), accepted * variance.error()) << rate;
        EXPECT_LT(std::abs(covariance.mean() - p * m), accepted * covariance.error()) << rate;
        EXPECT_LT(std::abs(in_time.mean()), accepted * in_time.error()) << rate;
        EXPECT_GT(covariance.mean(), 0.5 * p * m) << "children have a mother";
    }
}

TEST(Mip, every_child_is_the_mother_where_all_is_copied) {
    const auto block = make_stimulus_block<double>(stimulus_of("mip_generator", targets, {{"rate", 40000.0}}));
    double total = 0;
    for (std::int64_t stamp = 1; stamp <= 200; ++stamp) {
        const std::vector<double> counts = received(*block, stamp);
        EXPECT_EQ(counts, std::vector<double>(targets, counts[0]));
        total += counts[0];
    }
    EXPECT_LT(std::abs(total - 800), accepted * std::sqrt(800.0)); // 4 a step
}

TEST(Pulsepacket, each_packet_has_its_spikes_around_its_time) {
    StimulusSetup setup = stimulus_of("pulsepacket_generator", targets, {{"activity", 7.0}, {"sdev", 2.0}});
    parameter(setup, "pulse_times").list = {30.03, 80.0};
    const auto block = make_stimulus_block<double>(setup);
    for (const auto& [centre, from, until] : {std::tuple{30.03, 1, 550}, std::tuple{80.0, 551, 1100}}) {
        Moments times;
        std::vector<double> totals(targets, 0.0);
        for (std::int64_t stamp = from; stamp <= until; ++stamp) {
            const std::vector<double> counts = received(*block, stamp);
            for (std::size_t i = 0; i < targets; ++i) {
                totals[i] += counts[i];
                for (int k = 0; k < static_cast<int>(counts[i]); ++k)
                    times.add(0.1 * static_cast<double>(stamp) - centre);
            }
        }
        EXPECT_EQ(totals, std::vector<double>(targets, 7.0)) << "none is lost or comes twice";
        const double variance = 2.0 * 2.0 + 0.1 * 0.1 / 12.0; // rounding to steps adds h^2 / 12
        EXPECT_LT(std::abs(times.mean()), accepted * std::sqrt(variance / times.n));
        EXPECT_LT(std::abs(times.variance() - variance), accepted * variance * std::sqrt(2.0 / times.n));
    }
    parameter(setup, "sdev").constant = 0.0;
    const auto sharp = make_stimulus_block<double>(setup);
    for (std::int64_t stamp = 1; stamp <= 900; ++stamp)
        ASSERT_EQ(received(*sharp, stamp)[700], stamp == 300 || stamp == 800 ? 7.0 : 0.0) << stamp;
}

TEST(Ac, current_is_the_sine_of_the_beginning_of_the_step_in_which_it_acts) {
    StimulusSetup setup = stimulus_of("ac_generator", 2, {{"amplitude", 3.0}, {"offset", 1.0}, {"frequency", 70.0}});
    parameter(setup, "phase").each = {0.0, 90.0};
    setup.delay_steps = 4;
    setup.generator.start_step = 10;
    setup.generator.stop_step = 500;
    setup.weight.constant = 2.0;
    const auto block = make_stimulus_block<double>(setup);
    for (std::int64_t step = 0; step < 600; ++step) {
        const std::vector<double> got = received(*block, step, 2);
        // what arrives at the end of `step` acts in (step + 1, step + 2]: t + delay = step + 1
        const std::int64_t t = step + 1 - 4;
        for (std::size_t i = 0; i < 2; ++i) {
            const double angle =
                2 * 3.14159265358979323846 * (70.0 * 1e-4 * static_cast<double>(t) + (i == 1 ? 0.25 : 0));
            const double expected = t >= 10 && t < 500 ? 2.0 * (1.0 + 3.0 * std::sin(angle)) : 0.0;
            // the angle, up to 25, is rounded three times in the reference
            ASSERT_NEAR(got[i], expected, 6.0 * 25 * 3 * 1.2e-16) << step;
        }
    }
}

TEST(Noise, is_gaussian_white_and_independent_between_targets) {
    const auto block = make_stimulus_block<double>(
        stimulus_of("noise_generator", targets, {{"mean", 50.0}, {"std", 20.0}, {"dt", 0.5}}));
    constexpr std::size_t n = 64; // intervals
    std::vector<std::vector<double>> values;
    for (std::int64_t step = 1; step <= static_cast<std::int64_t>(5 * n); ++step) {
        const std::vector<double> got = received(*block, step);
        if ((step - 1) % 5 == 0)
            values.push_back(got);
        else
            ASSERT_EQ(got, values.back()) << "constant within dt";
    }
    double first = 0, second = 0, third = 0, fourth = 0, in_time = 0, in_space = 0;
    const double count = static_cast<double>(n * targets);
    std::vector<std::vector<double>> z(n, std::vector<double>(targets));
    for (std::size_t j = 0; j < n; ++j)
        for (std::size_t i = 0; i < targets; ++i) {
            const double x = z[j][i] = (values[j][i] - 50.0) / 20.0;
            first += x;
            second += x * x - 1;
            third += x * x * x;
            fourth += x * x * x * x - 3;
            if (j > 0) in_time += x * z[j - 1][i];
            if (i > 0) in_space += x * z[j][i - 1];
        }
    // variances of powers of a standard normal number: 1, 2, 15, 96
    EXPECT_LT(std::abs(first), accepted * std::sqrt(count));
    EXPECT_LT(std::abs(second), accepted * std::sqrt(2 * count));
    EXPECT_LT(std::abs(third), accepted * std::sqrt(15 * count));
    EXPECT_LT(std::abs(fourth), accepted * std::sqrt(96 * count));
    EXPECT_LT(std::abs(in_time), accepted * std::sqrt(count));
    EXPECT_LT(std::abs(in_space), accepted * std::sqrt(count));
    // the spectrum is flat: |DFT|^2 / n is exponentially distributed with mean 1 at every frequency
    for (std::size_t k = 1; k < n / 2; ++k) {
        double power = 0;
        for (std::size_t i = 0; i < targets; ++i) {
            double re = 0, im = 0;
            for (std::size_t j = 0; j < n; ++j) {
                const double angle = 2 * 3.14159265358979323846 * static_cast<double>(j * k % n) / n;
                re += z[j][i] * std::cos(angle);
                im += z[j][i] * std::sin(angle);
            }
            power += (re * re + im * im) / n;
        }
        EXPECT_LT(std::abs(power / targets - 1), accepted / std::sqrt(double{targets})) << k;
    }
}

TEST(Noise, standard_deviation_is_modulated_as_declared) {
    const auto block = make_stimulus_block<double>(
        stimulus_of("noise_generator", targets,
                    {{"std", 20.0}, {"std_mod", 18.0}, {"dt", 0.5}, {"frequency", 100.0}, {"phase", 90.0}}));
    for (std::int64_t step = 1; step <= 200; step += 5) {
        const std::vector<double> got = received(*block, step);
        double squares = 0;
        for (const double x : got)
            squares += x * x;
        const double t = static_cast<double>(step) * 1e-4; // its current acts from step + 1, less the delay of one step
        const double variance = 400 + 324 * std::cos(2 * 3.14159265358979323846 * 100 * t);
        EXPECT_LT(std::abs(squares / targets - variance), accepted * variance * std::sqrt(2.0 / targets)) << step;
    }
    EXPECT_THROW(make_stimulus_block<double>(stimulus_of("noise_generator", 1, {{"std", 1.0}, {"std_mod", 1.1}})),
                 InputError);
}

} // namespace
} // namespace spikecast::test
