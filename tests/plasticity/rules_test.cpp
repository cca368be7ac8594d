// Every rule through the real engine against the slow reference: a network of thousands of pairs, one plastic synapse
// each, driven by random trains with equal times, bursts, repeated spikes and delays of every kind.
#include "engine/experiment/reader.hpp"
#include "spikecast/plasticity.hpp"
#include "spikecast/random.hpp"
#include "spikecast/simulation.hpp"
#include "tests/plasticity/reference.hpp"

#include <gtest/gtest.h>
#include <hdf5.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <unistd.h>

namespace spikecast {
namespace {

using reference::Trains;

constexpr std::uint64_t pairs_of_a_kind = 240;
constexpr std::int64_t end_step = 20000; // 2 s of 0.1 ms

/// Axonal and dendritic steps; the sum is at least one.
struct Kind {
    std::int64_t axonal, dendritic;
};
constexpr Kind kinds[] = {{0, 1}, {0, 15}, {7, 8}, {15, 0}, {1, 200}, {200, 1}};

/// Random trains of one pair: `what` chooses their character. Stamps of spikes of pre, post and teacher.
class Draws {
public:
    explicit Draws(std::uint64_t pair) : pair_(pair) {}
    std::uint64_t below(std::uint64_t n) { return spikecast::below(draw64(key, pair_, next_++), n); }
    double unit() { return open_unit(draw64(key, pair_, next_++)); }

private:
    static inline const Key key = make_key(5, Purpose::test, "plasticity");
    std::uint64_t pair_, next_ = 0;
};

std::vector<std::int64_t> poisson(Draws& draws, double rate_hz) {
    std::vector<std::int64_t> train;
    if (rate_hz <= 0) return train;
    for (double t = 30;;) { // the first post spike takes a step from its drive
        t += -std::log(draws.unit()) * 10000 / rate_hz;
        if (t > end_step - 20) return train;
        train.push_back(static_cast<std::int64_t>(t));
    }
}

Trains random_trains(std::uint64_t pair, Kind kind) {
    Draws draws(pair);
    Trains t;
    t.axonal = kind.axonal;
    t.dendritic = kind.dendritic;
    t.end = end_step;
    constexpr double rates[] = {0, 2, 10, 30, 80};
    t.pre = poisson(draws, rates[draws.below(5)]);
    t.post = poisson(draws, rates[draws.below(5)]);
    t.teacher = poisson(draws, rates[draws.below(4)]);
    switch (draws.below(5)) {
    case 0: // post spikes that are at the synapse together with pre spikes, or a step from them
        for (const auto s : t.pre)
            t.post.push_back(s + kind.axonal - kind.dendritic + static_cast<std::int64_t>(draws.below(3)) - 1);
        break;
    case 1: // bursts of the source, with repeated spikes among them
        for (const auto s : poisson(draws, 5))
            for (std::uint64_t i = 0; i < 4; ++i)
                t.pre.push_back(s + static_cast<std::int64_t>(draws.below(4)));
        break;
    case 2: // bursts of the target, a spike in every step
        for (const auto s : poisson(draws, 4))
            for (std::int64_t i = 0; i < 5; ++i)
                t.post.push_back(s + i);
        break;
    case 3: // teacher and target together
        for (const auto s : t.post)
            if (draws.below(2)) t.teacher.push_back(s);
        break;
    default:
        break;
    }
    const auto tidy = [](std::vector<std::int64_t>& train, bool repeated) {
        std::erase_if(train, [](std::int64_t s) { return s < 20 || s > end_step - 10; });
        std::sort(train.begin(), train.end());
        if (!repeated) train.erase(std::unique(train.begin(), train.end()), train.end());
    };
    tidy(t.pre, true);
    tidy(t.post, false);
    tidy(t.teacher, false);
    return t;
}

void write_trains(hid_t file, const std::string& name, const std::vector<std::vector<std::int64_t>>& trains,
                  std::int64_t earlier) {
    std::vector<double> times;
    std::vector<std::uint64_t> nodes;
    for (std::size_t i = 0; i < trains.size(); ++i)
        for (const auto s : trains[i]) {
            times.push_back(static_cast<double>(s - earlier) / 10);
            nodes.push_back(i);
        }
    const hid_t group = H5Gcreate2(file, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const hsize_t n = times.size();
    const hid_t space = H5Screate_simple(1, &n, nullptr);
    const auto put = [&](const char* dataset, hid_t type, const void* data) {
        const hid_t set = H5Dcreate2(group, dataset, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
        H5Dclose(set);
    };
    put("timestamps", H5T_NATIVE_DOUBLE, times.data());
    put("node_ids", H5T_NATIVE_UINT64, nodes.data());
    H5Sclose(space);
    H5Gclose(group);
}

struct Case {
    std::string synapse; ///< of the plastic projections, as in a file
    double low, high;    ///< of the initial weights
    std::function<reference::Outcome(const Trains&, double weight, bool rounded)> expected;
    double tolerance; ///< of a delivered weight, in the unit of the weight
    std::uint64_t pairs = pairs_of_a_kind;
    bool potential = false; ///< the reference needs the target's potential
};

double initial_weight(const Case& c, std::size_t kind) {
    return c.low + (c.high - c.low) * static_cast<double>(kind) / static_cast<double>(std::size(kinds) - 1);
}

/// The network of a case: pairs of a source that follows its list and a target that spikes at each spike of its drive.
/// What a plastic synapse delivers is V_m of its target in that step, for the membrane forgets within one.
class Network {
public:
    Network(const Case& c, std::vector<Trains> trains, const std::vector<Trains::Event>& modulator)
        : folder_(std::filesystem::temp_directory_path() / ("spikecast_rules_" + std::to_string(getpid()))) {
        std::filesystem::create_directories(folder_);
        const std::string file = (folder_ / "trains.h5").string();
        const hid_t out = H5Fcreate(file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        std::vector<std::vector<std::int64_t>> pre, post, teacher, rewards(2);
        for (const Trains& t : trains) {
            pre.push_back(t.pre);
            post.push_back(t.post);
            teacher.push_back(t.teacher);
        }
        for (const auto& event : modulator)
            rewards[event.weight > 0 ? 0 : 1].push_back(event.step);
        write_trains(out, "/pre", pre, 0);
        write_trains(out, "/post", post, 1); // drive and teacher take a step, rewards a millisecond
        write_trains(out, "/teacher", teacher, 1);
        write_trains(out, "/rewards", rewards, 10);
        H5Fclose(out);

        const std::string n = std::to_string(trains.size());
        std::ofstream toml(folder_ / "rules.toml");
        const auto injector = [&](const std::string& name, const std::string& size, const std::string& dataset) {
            toml << "[populations." << name << "]\nmodel = \"spike_train_injector\"\nsize = " << size
                 << "\nparams = { spike_times = { file = \"" << file << "\", dataset = \"" << dataset << "\" } }\n\n";
        };
        toml << "[simulation]\nresolution = \"0.1 ms\"\nduration = \"2.1 s\"\n\n";
        injector("pre", n, "/pre");
        injector("drive", n, "/post");
        injector("teacher", n, "/teacher");
        injector("rewards", "2", "/rewards");
        toml << "[populations.post]\nmodel = \"iaf_psc_delta\"\nsize = " << n
             << "\nparams = { tau_m = \"0.001 ms\", C_m = \"1 pF\", t_ref = \"0 ms\", E_L = \"0 mV\", V_reset = \"0 "
                "mV\", "
                "V_th = \"500 mV\" }\ninit = { V_m = \"0 mV\" }\n\n"
                "[[projections]]\nsource = \"drive\"\ntarget = \"post\"\nrule = \"one_to_one\"\nweight = \"1000 "
                "mV\"\ndelay "
                "= \"0.1 ms\"\n\n"
                "[[projections]]\nsource = \"teacher\"\ntarget = \"post\"\nrule = \"one_to_one\"\ndelay = \"0.1 "
                "ms\"\nsynapse = \"teacher\"\n\n";
        for (const int r : {0, 1})
            toml << "[[projections]]\nsource = { population = \"rewards\", indices = [" << r
                 << "] }\ntarget = \"post\"\nname = \"reward " << r << "\"\nrule = \"all_to_all\"\nweight = \""
                 << (r == 0 ? 1.5 : -0.5) << " mV\"\ndelay = \"1 ms\"\nsynapse = \"volume_transmitter\"\n\n";
        for (std::size_t k = 0; k < std::size(kinds); ++k) {
            const std::string slice =
                "slice = [" + std::to_string(k * c.pairs) + ", " + std::to_string((k + 1) * c.pairs) + "]";
            toml << "[[projections]]\nname = \"plastic " << k << "\"\nsource = { population = \"pre\", " << slice
                 << " }\ntarget = { population = \"post\", " << slice << " }\nrule = \"one_to_one\"\nweight = \""
                 << initial_weight(c, k) << " mV\"\ndelay = { axonal = \"" << static_cast<double>(kinds[k].axonal) / 10
                 << " ms\", dendritic = \"" << static_cast<double>(kinds[k].dendritic) / 10
                 << " ms\" }\nsynapse = " << c.synapse << "\n\n";
        }
        toml.close();
        simulation_ =
            std::make_unique<Simulation>(read_experiment((folder_ / "rules.toml").string()), SimulationOptions{});
    }
    ~Network() { std::filesystem::remove_all(folder_); }
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;
    std::vector<double> next_step() {
        simulation_->run_steps(1);
        return simulation_->state("post", "V_m");
    }

private:
    std::filesystem::path folder_;
    std::unique_ptr<Simulation> simulation_;
};

/// Largest differences of all delivered weights from the reference's, which keeps weights in double or rounds them as
/// the engine does.
void compare(const Case& c) {
    std::vector<Trains> trains;
    std::vector<Trains::Event> modulator;
    Draws rewards(1U << 30);
    for (const auto s : poisson(rewards, 6))
        if (s > 20) modulator.push_back({s, rewards.below(3) > 0 ? 1.5 : -0.5});
    for (std::size_t k = 0; k < std::size(kinds); ++k)
        for (std::uint64_t i = 0; i < c.pairs; ++i) {
            Trains t = random_trains(k * pairs_of_a_kind + i, kinds[k]);
            t.pre.push_back(end_step); // tells the weight in which all has ended
            t.modulator = modulator;
            t.end = end_step + 500;
            trains.push_back(std::move(t));
        }
    Network network(c, trains, modulator);
    std::vector<std::vector<std::pair<std::int64_t, double>>> seen(trains.size()); // stamp of V_m, V_m
    std::vector<std::size_t> next_pre(trains.size(), 0), next_post(trains.size(), 0);
    std::vector<std::vector<double>> delivered(trains.size()); // by pre spike; NaN where a spike of the target hides it
    for (std::int64_t step = 1; step <= end_step + 250; ++step) {
        const std::vector<double> V = network.next_step();
        for (std::size_t i = 0; i < trains.size(); ++i) {
            Trains& t = trains[i];
            if (c.potential) {
                if (step == 1) t.potential.push_back(0.0);
                t.potential.push_back(V[i]);
            }
            bool spike = false;
            for (; next_post[i] < t.post.size() && t.post[next_post[i]] <= step; ++next_post[i])
                spike = t.post[next_post[i]] == step;
            std::size_t n = 0;
            for (; next_pre[i] < t.pre.size() && t.pre[next_pre[i]] + t.axonal + t.dendritic == step; ++next_pre[i])
                ++n;
            if (n > 0) {
                delivered[i].insert(delivered[i].end(), n - 1, std::nan(""));
                delivered[i].push_back(spike ? std::nan("") : V[i]); // the sum of the n
            }
        }
    }
    double largest = 0.0, largest_rounded = 0.0, changed = 0.0;
    std::uint64_t compared = 0;
    for (std::size_t i = 0; i < trains.size(); ++i) {
        const Trains& t = trains[i];
        ASSERT_EQ(delivered[i].size(), t.pre.size());
        const double weight = static_cast<double>(static_cast<float>(initial_weight(c, i / c.pairs)));
        for (const bool rounded : {false, true}) {
            const reference::Outcome expected = c.expected(t, weight, rounded);
            ASSERT_EQ(expected.delivered.size(), t.pre.size());
            double sum = 0.0;
            for (std::size_t s = 0; s < t.pre.size(); ++s) {
                sum += expected.delivered[s];
                if (s + 1 < t.pre.size() && t.pre[s + 1] == t.pre[s]) continue;
                if (!std::isnan(delivered[i][s])) {
                    double& worst = rounded ? largest_rounded : largest;
                    const double difference = std::abs(delivered[i][s] - sum);
                    if (difference > c.tolerance)
                        FAIL() << c.synapse << ": pair " << i << " (axonal " << t.axonal << ", dendritic "
                               << t.dendritic << " steps), pre spike " << s << " at " << t.pre[s] << ": "
                               << delivered[i][s] << " instead of " << sum << " (initial weight " << weight << ")";
                    worst = std::max(worst, difference);
                    changed = std::max(changed, std::abs(expected.delivered[s] - weight));
                    ++compared;
                }
                sum = 0.0;
            }
        }
    }
    EXPECT_GT(changed, 100 * c.tolerance) << "nothing happens, so it shows nothing";
    EXPECT_GT(compared, trains.size() * 10);
    if (std::getenv("SPIKECAST_SHOW_ERRORS"))
        std::printf(
            "%-110s %8lu weights, largest change %.3g, largest difference %.2g (weights in double), %.2g (float32)\n",
            c.synapse.c_str(), static_cast<unsigned long>(compared / 2), changed, largest, largest_rounded);
}

template <class Rule>
auto by(Rule rule) {
    return [rule](const Trains& t, double weight, bool rounded) { return reference::run(rule, t, weight, rounded); };
}

using reference::Pairing;

TEST(Rules, stdp_additive) {
    compare({R"({ model = "stdp_synapse", lambda = 0.02, alpha = 1.05, mu_plus = 0, mu_minus = 0, Wmax = 2 })", 0.5,
             1.5, by(reference::Stdp{.lambda = 0.02, .alpha = 1.05, .mu_plus = 0, .mu_minus = 0, .Wmax = 2}), 2e-5});
}
TEST(Rules, stdp_multiplicative) {
    compare({R"({ model = "stdp_synapse", tau_plus = 15, tau_minus = 30, lambda = 0.05, Wmax = 2 })", 0.5, 1.5,
             by(reference::Stdp{.tau_plus = 15, .tau_minus = 30, .lambda = 0.05, .Wmax = 2}), 2e-5});
}
TEST(Rules, stdp_van_rossum) {
    compare({R"({ model = "stdp_synapse", lambda = 0.05, mu_plus = 0, mu_minus = 1, Wmax = 2 })", 0.5, 1.5,
             by(reference::Stdp{.lambda = 0.05, .mu_plus = 0, .mu_minus = 1, .Wmax = 2}), 2e-5});
}
TEST(Rules, stdp_guetig) {
    compare({R"({ model = "stdp_synapse", lambda = 0.05, mu_plus = 0.3, mu_minus = 0.7, Wmax = 2 })", 0.5, 1.5,
             by(reference::Stdp{.lambda = 0.05, .mu_plus = 0.3, .mu_minus = 0.7, .Wmax = 2}), 2e-5});
}
TEST(Rules, stdp_of_inhibitory_weights) {
    compare({R"({ model = "stdp_synapse", lambda = 0.02, alpha = 1.05, Wmax = -2 })", -1.5, -0.5,
             by(reference::Stdp{.lambda = 0.02, .alpha = 1.05, .Wmax = -2}), 2e-5});
}
TEST(Rules, stdp_pl_hom) {
    compare({R"({ model = "stdp_pl_hom", tau_plus = 15, tau_minus = 30, lambda = 0.02, alpha = 1.2, mu = 0.4 })", 0.5,
             1.5, by(reference::StdpPowerLaw{.tau_plus = 15, .tau_minus = 30, .lambda = 0.02, .alpha = 1.2, .mu = 0.4}),
             1e-3});
}
TEST(Rules, stdp_nn_symm) {
    compare({R"({ model = "stdp_nn_symm", lambda = 0.02, alpha = 1.05, Wmax = 2 })", 0.5, 1.5,
             by(reference::Stdp{.lambda = 0.02, .alpha = 1.05, .Wmax = 2, .pairing = Pairing::nearest_symmetric}),
             2e-5});
}
TEST(Rules, stdp_nn_pre_centered) {
    compare({R"({ model = "stdp_nn_pre_centered", lambda = 0.02, alpha = 1.05, Wmax = 2 })", 0.5, 1.5,
             by(reference::Stdp{.lambda = 0.02, .alpha = 1.05, .Wmax = 2, .pairing = Pairing::nearest_pre_centred}),
             2e-5});
}
TEST(Rules, stdp_nn_restr) {
    compare({R"({ model = "stdp_nn_restr", lambda = 0.02, alpha = 1.05, Wmax = 2 })", 0.5, 1.5,
             by(reference::Stdp{.lambda = 0.02, .alpha = 1.05, .Wmax = 2, .pairing = Pairing::nearest_restricted}),
             2e-5});
}
TEST(Rules, stdp_triplet) {
    compare({R"({ model = "stdp_triplet", Aplus = 1e-3, Wmax = 2 })", 0.5, 1.5,
             by(reference::StdpTriplet{.Aplus = 1e-3, .Wmax = 2}), 2e-5});
}
TEST(Rules, stdp_izhikevich) {
    compare(
        {R"({ model = "stdp_izhikevich", tau_plus = 15, A_plus = 0.02, A_minus = 0.025, interval = 170, Wmax = 2 })",
         0.5, 1.5,
         by(reference::StdpIzhikevich{.tau_plus = 15, .A_plus = 0.02, .A_minus = 0.025, .interval = 170, .Wmax = 2}),
         2e-5});
}
TEST(Rules, vogels_sprekeler) {
    compare({R"({ model = "vogels_sprekeler", eta = 0.01, alpha = 0.2, Wmax = -2 })", -1.5, -0.5,
             by(reference::VogelsSprekeler{.eta = 0.01, .alpha = 0.2, .Wmax = -2}), 1e-4});
}
TEST(Rules, oja) {
    compare({R"({ model = "oja", eta = 1e-3, tau_x = 40, tau_y = 60, w_norm = 1.5, Wmax = 2 })", 0.5, 1.5,
             by(reference::Oja{.eta = 1e-3, .tau_x = 40, .tau_y = 60, .w_norm = 1.5, .Wmax = 2}), 2e-5});
}
TEST(Rules, abs) {
    compare(
        {R"({ model = "abs", tau_y = 50, theta_minus = 7, theta_plus = 33, A_minus = 1e-3, A_plus = 1e-3, Wmax = 2 })",
         0.5, 1.5, by(reference::Abs{.A_plus = 1e-3, .A_minus = 1e-3, .theta_minus = 7, .theta_plus = 33, .Wmax = 2}),
         2e-5});
}
TEST(Rules, bcm) {
    compare({R"({ model = "bcm", tau_y = 50, tau_theta = 300, y0 = 15, eta = 1e-5, Wmax = 2 })", 0.5, 1.5,
             by(reference::Bcm{.eta = 1e-5, .tau_y = 50, .tau_theta = 300, .y0 = 15, .Wmax = 2}), 2e-5, 20});
}
/// u is V_m between spikes: weights that arrive are above theta_plus.
TEST(Rules, clopath) {
    reference::Clopath rule{.A_LTP = 0.005,
                            .A_LTD = 0.005,
                            .theta_plus = 0.6,
                            .theta_minus = 0.3,
                            .delay = 0.4,
                            .t_clamp = 1,
                            .Wmin = 0.2,
                            .Wmax = 2};
    compare({R"({ model = "clopath", A_LTP = 5e-3, A_LTD = 5e-3, theta_plus = 0.6, theta_minus = 0.3, )"
             R"(delay_u_bars = 0.4, t_clamp = 1, Wmin = 0.2, Wmax = 2 })",
             0.5, 1.5,
             [rule](const Trains& t, double weight, bool rounded) {
                 return reference::run(reference::Clopath(rule).watch(t, rounded), t, weight, rounded);
             },
             3e-5, 60, true});
}
TEST(Rules, clopath_with_homeostasis) {
    reference::Clopath rule{.A_LTP = 0.005,
                            .A_LTD = 0.02,
                            .tau_plus = 15,
                            .tau_minus = 8,
                            .tau_bar = 200,
                            .theta_plus = 10,
                            .theta_minus = 0.5,
                            .delay = 0,
                            .u_ref_squared = 1.5,
                            .u_rest = -0.1,
                            .V_clamp = 20,
                            .Wmax = 2};
    compare({R"({ model = "clopath", A_LTP = 5e-3, A_LTD = 0.02, tau_u_bar_plus = 15, tau_u_bar_minus = 8, )"
             R"(tau_u_bar_bar = 200, theta_plus = 10, theta_minus = 0.5, delay_u_bars = 0, u_ref_squared = 1.5, )"
             R"(u_rest = -0.1, V_clamp = 20, Wmax = 2 })",
             0.5, 1.5,
             [rule](const Trains& t, double weight, bool rounded) {
                 return reference::run(reference::Clopath(rule).watch(t, rounded), t, weight, rounded);
             },
             3e-5, 60, true});
}
TEST(Rules, stdp_dopamine) {
    compare(
        {R"({ model = "stdp_dopamine", A_plus = 0.2, A_minus = 0.25, tau_c = 300, tau_n = 100, b = 0.001, Wmax = 2 })",
         0.5, 1.5,
         by(reference::StdpDopamine{.A_plus = 0.2, .A_minus = 0.25, .tau_c = 300, .tau_n = 100, .b = 0.001, .Wmax = 2}),
         5e-5, 60});
}
TEST(Rules, mstdp) {
    compare({R"({ model = "mstdp", gamma = 0.02, tau_r = 100, Wmax = 2 })", 0.5, 1.5,
             by(reference::Mstdp{.gamma = 0.02, .tau_r = 100, .Wmax = 2}), 2e-5});
}
TEST(Rules, mstdpet) {
    compare({R"({ model = "mstdpet", gamma = 5, tau_z = 80, A_minus = 0.9, Wmax = 2 })", 0.5, 1.5,
             by(reference::Mstdpet{.gamma = 5, .A_minus = 0.9, .tau_z = 80, .Wmax = 2}), 5e-5, 60});
}
TEST(Rules, resume) {
    compare({R"({ model = "resume", A = 0.02, a_d = 0.003, Wmin = -2, Wmax = 2 })", -0.5, 1.5,
             by(reference::Resume{.a_d = 0.003, .A = 0.02, .Wmin = -2, .Wmax = 2}), 2e-5});
}
TEST(Rules, supervised_hebbian) {
    compare({R"({ model = "supervised_hebbian", A_plus = 0.02, A_minus = 0.015, a_d = -0.001, Wmax = 2 })", 0.5, 1.5,
             by(reference::SupervisedHebbian{.A_plus = 0.02, .A_minus = 0.015, .a_d = -0.001, .Wmax = 2}), 2e-5});
}
TEST(Rules, chronotron_i) {
    compare({R"({ model = "chronotron_i", gamma = 0.05, Wmin = -2, Wmax = 2 })", -1, 1.5,
             by(reference::ChronotronI{.gamma = 0.05, .Wmin = -2, .Wmax = 2}), 2e-5});
}
TEST(Rules, chronotron_e) {
    const reference::ChronotronE rule{.gamma = 0.02, .gamma_r = 8, .tau_q = 15, .Wmin = -2, .Wmax = 2};
    compare(
        {R"({ model = "chronotron_e", gamma = 0.02, gamma_r = 8, tau_q = 15, interval = 250, Wmin = -2, Wmax = 2 })",
         -0.5, 1.5,
         [rule](const Trains& t, double weight, bool rounded) {
             reference::ChronotronE of_pair = rule;
             of_pair.trains = t;
             return reference::run(of_pair, t, weight, rounded);
         },
         2e-5});
}
TEST(Rules, tsodyks2) {
    compare({R"({ model = "tsodyks2", U = 0.3, tau_rec = 150, tau_fac = 80 })", 0.5, 1.5,
             by(reference::Tsodyks2{.U = 0.3, .tau_rec = 150, .tau_fac = 80, .u0 = 0.3}), 2e-6});
}
TEST(Rules, tsodyks) {
    compare({R"({ model = "tsodyks", U = 0.3, tau_psc = 5, tau_rec = 150, tau_fac = 80 })", 0.5, 1.5,
             by(reference::Tsodyks{.U = 0.3, .tau_psc = 5, .tau_rec = 150, .tau_fac = 80}), 2e-6});
}

TEST(Rules, tsodyks2_begins_where_it_is_told) {
    compare({R"({ model = "tsodyks2", U = 0.3, tau_rec = 150, tau_fac = 80, u = 0.7, x = 0.4 })", 0.5, 1.5,
             by(reference::Tsodyks2{.U = 0.3, .tau_rec = 150, .tau_fac = 80, .u0 = 0.7, .x0 = 0.4}), 2e-6});
}
TEST(Rules, tsodyks_begins_where_it_is_told) {
    const reference::Tsodyks rule{
        .U = 0.3, .tau_psc = 20, .tau_rec = 1500, .tau_fac = 800, .x0 = 0.2, .y0 = 0.5, .u0 = 0.6};
    compare(
        {R"({ model = "tsodyks", U = 0.3, tau_psc = 20, tau_rec = 1500, tau_fac = 800, u = 0.6, x = 0.2, y = 0.5 })",
         0.5, 1.5,
         [rule](const Trains& t, double weight, bool rounded) {
             reference::Tsodyks of_pair = rule;
             of_pair.begin = static_cast<double>(t.axonal) * t.h;
             return reference::run(of_pair, t, weight, rounded);
         },
         2e-6});
}

/// Release by chance has the mean of tsodyks2 and, since sites are independent, the variance of a binomial.
TEST(Rules, quantal_stp_has_its_mean_and_variance) {
    constexpr std::uint64_t pairs = 700, all = pairs * std::size(kinds);
    constexpr double sites = 4, U = 0.3;
    const Case c{R"({ model = "quantal_stp", U = 0.3, tau_rec = 150, tau_fac = 80, n = 4 })", 1.0, 1.0, {}, 0.0, pairs};
    std::vector<Trains> trains;
    for (const Kind& kind : kinds)
        for (std::uint64_t i = 0; i < pairs; ++i) {
            Trains t;
            t.pre = {100, 350, 400, 900, 2500, 2510, 2511, 4000, 9000};
            t.axonal = kind.axonal;
            t.dendritic = kind.dendritic;
            t.end = end_step;
            trains.push_back(t);
        }
    const reference::Tsodyks2 mean_of_site{.U = U, .tau_rec = 150, .tau_fac = 80, .u0 = U};
    const auto expected = reference::run(mean_of_site, trains.front(), 1.0, false).delivered;
    Network network(c, trains, {});
    std::vector<double> sum(expected.size(), 0.0), squares(expected.size(), 0.0);
    for (std::int64_t step = 1; step < 10000; ++step) {
        const auto V = network.next_step();
        for (std::size_t i = 0; i < all; ++i)
            for (std::size_t s = 0; s < expected.size(); ++s)
                if (trains[i].pre[s] + trains[i].axonal + trains[i].dendritic == step) {
                    EXPECT_TRUE(V[i] == std::round(V[i]) && V[i] >= 0 && V[i] <= sites) << V[i];
                    sum[s] += V[i];
                    squares[s] += V[i] * V[i];
                }
    }
    for (std::size_t s = 0; s < expected.size(); ++s) {
        const double p = expected[s], variance = sites * p * (1 - p), n = static_cast<double>(all);
        const double mean = sum[s] / n;
        EXPECT_NEAR(mean, sites * p, 5 * std::sqrt(variance / n)) << "spike " << s; // 6e-7 for each of 9
        // the variance's own variance is at most (fourth moment) / n, and that below (3 variance + 1) variance
        EXPECT_NEAR(squares[s] / n - mean * mean, variance, 5 * std::sqrt((3 * variance + 1) * variance / n)) << s;
    }
}

/// The sum of every target's weights after an interval; spikes between intervals change it.
TEST(Rules, normalisation_holds_the_sum_of_each_targets_weights) {
    const std::string path =
        (std::filesystem::temp_directory_path() / ("spikecast_normalise_" + std::to_string(getpid()) + ".toml"))
            .string();
    {
        std::ofstream toml(path);
        toml << R"([simulation]
resolution = "0.1 ms"
duration = "60 ms"
[populations.source]
model = "spike_generator"
size = 40
params = { spike_times = ["5 ms", "45 ms"] }
[populations.N]
model = "iaf_psc_delta"
size = 30
params = { tau_m = "0.001 ms", C_m = "1 pF", t_ref = "0 ms", E_L = "0 mV", V_reset = "0 mV", V_th = "500 mV" }
init = { V_m = "0 mV" }
[[projections]]
source = "source"
target = "N"
rule = { pairwise_bernoulli = 0.5 }
weight = { uniform = ["0.5 mV", "2 mV"] }
delay = "1 ms"
synapse = { model = "stdp_synapse", Wmax = 100 }
normalise = { sum = "7 mV", interval = "20 ms" }
)";
    }
    Simulation simulation(read_experiment(path), SimulationOptions{});
    std::filesystem::remove(path);
    simulation.run(6.0); // 5 ms + 1 ms: all weights arrive at once
    const auto before = simulation.state("N", "V_m");
    simulation.run(40.0);
    const auto after = simulation.state("N", "V_m");
    double apart = 0.0;
    for (std::size_t i = 0; i < after.size(); ++i) {
        EXPECT_NEAR(after[i], 7.0, 1e-5); // twenty roundings to float32
        apart = std::max(apart, std::abs(before[i] - 7.0));
    }
    EXPECT_GT(apart, 1.0);
}

/// Rewards from the API are those of a volume_transmitter whose spikes arrive a step later.
TEST(Rules, rewards_between_pieces_are_those_of_a_transmitter) {
    const auto run = [](const std::string& rewards, bool api) {
        const std::string path =
            (std::filesystem::temp_directory_path() / ("spikecast_rewards_" + std::to_string(getpid()) + ".toml"))
                .string();
        {
            std::ofstream toml(path);
            toml << R"([simulation]
resolution = "0.1 ms"
duration = "200 ms"
[populations.source]
model = "poisson_generator"
size = 40
params = { rate = "100 Hz" }
[populations.reward]
model = "spike_generator"
size = 1
params = { spike_times = [)"
                 << rewards << R"(] }
[populations.N]
model = "iaf_psc_exp"
size = 30
params = { I_e = "400 pA" }
[[projections]]
source = "source"
target = "N"
rule = { pairwise_bernoulli = 0.5 }
weight = "30 pA"
delay = { uniform = ["0.5 ms", "3 ms"] }
synapse = { model = "mstdpet", gamma = 50, Wmax = 60 }
[[projections]]
source = "reward"
target = "N"
rule = "all_to_all"
weight = 0.7
delay = "1 ms"
synapse = "volume_transmitter"
)";
        }
        Simulation simulation(read_experiment(path), SimulationOptions{});
        std::filesystem::remove(path);
        for (const double until : {80.0, 120.0, 199.0}) {
            simulation.run(until - 0.1 - static_cast<double>(simulation.now()) / 10);
            if (api) simulation.modulate("N", 0.7);
        }
        simulation.run_steps(11);
        return simulation.summary().weights_hash;
    };
    const std::string none = run("", false);
    const std::string sent = run("\"79 ms\", \"119 ms\", \"198 ms\"", false);
    EXPECT_NE(sent, none);
    EXPECT_EQ(run("", true), sent);
}

/// A new model needs a case above and a place in the matrix test.
TEST(Rules, every_model_is_in_the_matrix_test) {
    std::string text;
    for (const char* name : {"plasticity.toml", "plasticity_rules.toml"}) {
        std::ifstream file(std::string(SPIKECAST_SOURCE_DIR) + "/tests/mpi/networks/" + name);
        text.append(std::istreambuf_iterator<char>(file), {});
    }
    for (const SynapseModelInfo* info : all_synapse_models())
        EXPECT_NE(text.find("\"" + std::string(info->model.name) + "\""), std::string::npos) << info->model.name;
}

} // namespace
} // namespace spikecast
