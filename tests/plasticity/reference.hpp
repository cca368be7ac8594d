// Plasticity as docs/plasticity.md defines it, a second time: one synapse, lists of events in, the trace of its weight
// out. Plain and slow on purpose, written from the papers: sums over all earlier spikes where the engine keeps traces,
// in double and with the standard library's exp. Nothing here is shared with the engine or the rules.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace spikecast::reference {

/// Events by their stamps in steps, ascending. A spike of the source stamped s is at the synapse at s + axonal, one of
/// the target (or of its teacher) stamped p at p + dendritic; a modulator's event is at the synapse at its own time.
struct Trains {
    std::vector<std::int64_t> pre, post, teacher;
    struct Event {
        std::int64_t step;
        double weight;
    };
    std::vector<Event> modulator;
    std::vector<double> potential; ///< V_m of the target at stamps 0, 1, ...; mV
    std::int64_t axonal = 0, dendritic = 0;
    double h = 0.1;       ///< ms
    std::int64_t end = 0; ///< what is at the synapse later isn't seen
};

/// What happened at the synapse before now, in ms.
struct Past {
    std::vector<double> pre, post, teacher;
};

/// Sum of exp(-(t - q) / tau) over the events q < t: events of the same time don't see each other.
inline double trace(const std::vector<double>& events, double t, double tau) {
    double sum = 0.0;
    for (const double q : events)
        if (q < t) sum += std::exp(-(t - q) / tau);
    return sum;
}
/// The last event before t, or -infinity.
inline double last_before(const std::vector<double>& events, double t) {
    double last = -INFINITY;
    for (const double q : events)
        if (q < t) last = std::max(last, q);
    return last;
}
/// exp(-(t - last) / tau) of the last event alone.
inline double nearest(const std::vector<double>& events, double t, double tau) {
    return std::exp(-(t - last_before(events, t)) / tau); // 0 without one
}

struct Outcome {
    std::vector<double> delivered; ///< the weight that each presynaptic spike carries, in their order
    double weight;                 ///< at the end
};

/// `rounded`: the weight is rounded to float32 after every event, as the engine stores it.
template <class Rule>
Outcome run(Rule rule, const Trains& trains, double weight, bool rounded) {
    const auto store = [&](double w) { return rounded ? static_cast<double>(static_cast<float>(w)) : w; };
    struct Moment {
        std::int64_t step;
        int order; ///< at one time: modulator, teacher, post, pre; without dendritic delay teacher and post come last
        double weight;
    };
    std::vector<Moment> moments;
    for (const auto& event : trains.modulator)
        moments.push_back({event.step, 0, event.weight});
    for (const auto p : trains.teacher)
        moments.push_back({p + trains.dendritic, 1, 0.0});
    for (const auto p : trains.post)
        moments.push_back({p + trains.dendritic, 2, 0.0});
    for (const auto s : trains.pre)
        moments.push_back({s + trains.axonal, 3, 0.0});
    const auto place = [&](int order) {
        return order == 3 && trains.dendritic == 0 ? 0.5 : static_cast<double>(order);
    };
    std::stable_sort(moments.begin(), moments.end(), [&](const Moment& a, const Moment& b) {
        return a.step != b.step ? a.step < b.step : place(a.order) < place(b.order);
    });
    Past past;
    Outcome outcome{{}, store(weight)};
    double now = 0.0;
    const auto advance = [&](double t) {
        if constexpr (requires { rule.between(outcome.weight, now, t, past); })
            outcome.weight = store(rule.between(outcome.weight, now, t, past));
        now = t;
    };
    for (const Moment& moment : moments) {
        if (moment.step > trains.end) break;
        const double t = static_cast<double>(moment.step) * trains.h;
        if constexpr (!requires { rule.teacher(0.0, t, past); })
            if (moment.order == 1) continue; // no event of this rule
        advance(t);
        double& w = outcome.weight;
        if (moment.order == 0) {
            if constexpr (requires { rule.modulator(w, t, moment.weight, past); })
                w = store(rule.modulator(w, t, moment.weight, past));
        } else if (moment.order == 1) {
            if constexpr (requires { rule.teacher(w, t, past); }) w = store(rule.teacher(w, t, past));
            past.teacher.push_back(t);
        } else if (moment.order == 2) {
            if constexpr (requires { rule.post(w, t, past); }) w = store(rule.post(w, t, past));
            past.post.push_back(t);
        } else {
            if constexpr (requires { rule.pre(w, t, past); }) w = store(rule.pre(w, t, past));
            if constexpr (requires { rule.released(w, t, past); })
                outcome.delivered.push_back(rule.released(w, t, past));
            else
                outcome.delivered.push_back(w);
            past.pre.push_back(t);
        }
    }
    advance(static_cast<double>(trains.end) * trains.h);
    return outcome;
}

// ---------------------------------------------------------------------------------------------------------------------
// Pair-based rules

/// Which pairs count (Morrison et al. 2008, Fig. 7).
enum class Pairing { all_to_all, nearest_symmetric, nearest_pre_centred, nearest_restricted };

/// The pre spikes that a post spike at t pairs with, as the sum of their exponentials.
inline double potentiating(Pairing pairing, const Past& past, double t, double tau) {
    switch (pairing) {
    case Pairing::all_to_all:
        return trace(past.pre, t, tau);
    case Pairing::nearest_symmetric:
        return nearest(past.pre, t, tau);
    case Pairing::nearest_pre_centred: { // all that no earlier post spike has followed: a post spike forgets what is
                                         // strictly before it
        const double previous = last_before(past.post, t);
        double sum = 0.0;
        for (const double q : past.pre)
            if (q < t && q >= previous) sum += std::exp(-(t - q) / tau);
        return sum;
    }
    case Pairing::nearest_restricted: // the last one, if no earlier post spike has followed it
        return last_before(past.pre, t) >= last_before(past.post, t) ? nearest(past.pre, t, tau) : 0.0;
    }
    return 0.0;
}
/// The same for a pre spike at t.
inline double depressing(Pairing pairing, const Past& past, double t, double tau) {
    switch (pairing) {
    case Pairing::all_to_all:
        return trace(past.post, t, tau);
    case Pairing::nearest_symmetric:
    case Pairing::nearest_pre_centred:
        return nearest(past.post, t, tau);
    case Pairing::nearest_restricted: // the last one, if it isn't older than the previous pre spike
        return last_before(past.post, t) >= last_before(past.pre, t) ? nearest(past.post, t, tau) : 0.0;
    }
    return 0.0;
}

/// Guetig et al. (2003): additive for mu = 0, multiplicative for mu = 1, van Rossum's for mu_plus = 0 and mu_minus = 1.
struct Stdp {
    double tau_plus = 20, tau_minus = 20, lambda = 0.01, alpha = 1, mu_plus = 1, mu_minus = 1, Wmax = 100;
    Pairing pairing = Pairing::all_to_all;
    double post(double w, double t, const Past& past) const {
        const double k = potentiating(pairing, past, t, tau_plus);
        return Wmax * std::min(1.0, w / Wmax + lambda * std::pow(1 - w / Wmax, mu_plus) * k);
    }
    double pre(double w, double t, const Past& past) const {
        const double k = depressing(pairing, past, t, tau_minus);
        return Wmax * std::max(0.0, w / Wmax - alpha * lambda * std::pow(w / Wmax, mu_minus) * k);
    }
};

/// Morrison et al. (2007): potentiation by a power of the weight.
struct StdpPowerLaw {
    double tau_plus = 20, tau_minus = 20, lambda = 0.1, alpha = 1, mu = 0.4, w0 = 1;
    double post(double w, double t, const Past& past) const {
        return w + lambda * std::pow(w0, 1 - mu) * std::pow(w, mu) * trace(past.pre, t, tau_plus);
    }
    double pre(double w, double t, const Past& past) const {
        return std::max(0.0, w - lambda * alpha * w * trace(past.post, t, tau_minus));
    }
};

/// Pfister & Gerstner (2006), all-to-all.
struct StdpTriplet {
    double tau_plus = 16.8, tau_plus_triplet = 101, tau_minus = 33.7, tau_minus_triplet = 125;
    double Aplus = 5e-10, Aplus_triplet = 6.2e-3, Aminus = 7e-3, Aminus_triplet = 2.3e-4, Wmax = 100;
    double post(double w, double t, const Past& past) const {
        return std::min(Wmax, w + trace(past.pre, t, tau_plus) *
                                      (Aplus + Aplus_triplet * trace(past.post, t, tau_minus_triplet)));
    }
    double pre(double w, double t, const Past& past) const {
        return std::max(0.0, w - trace(past.post, t, tau_minus) *
                                     (Aminus + Aminus_triplet * trace(past.pre, t, tau_plus_triplet)));
    }
};

/// Vogels et al. (2011): the weight's amount grows with every pair and shrinks with every pre spike.
struct VogelsSprekeler {
    double tau = 20, eta = 0.001, alpha = 0.12, Wmax = 1; ///< Wmax < 0: inhibitory weights
    double change(double w, double by) const {
        const double amount = std::clamp(std::abs(w) + by, 0.0, std::abs(Wmax));
        return Wmax < 0 ? -amount : amount;
    }
    double post(double w, double t, const Past& past) const { return change(w, eta * trace(past.pre, t, tau)); }
    double pre(double w, double t, const Past& past) const {
        return change(w, eta * (trace(past.post, t, tau) - alpha));
    }
};

/// Izhikevich (2006): nearest pairs change sd, which changes the weight at the end of each interval.
struct StdpIzhikevich {
    double tau_plus = 20, tau_minus = 20, A_plus = 0.1, A_minus = 0.12, interval = 1000, growth = 0.01, kept = 0.9,
           Wmax = 10;
    double sd = 0.0;
    double between(double w, double from, double to, const Past&) {
        for (double end = interval; end <= to + 1e-6; end += interval)
            if (end > from + 1e-6) {
                w = std::clamp(w + growth + sd, 0.0, Wmax);
                sd *= kept;
            }
        return w;
    }
    double post(double w, double t, const Past& past) {
        if (!past.pre.empty()) sd += A_plus * std::exp(-(t - past.pre.back()) / tau_plus);
        return w;
    }
    double pre(double w, double t, const Past& past) {
        sd -= A_minus * nearest(past.post, t, tau_minus);
        return w;
    }
};

// ---------------------------------------------------------------------------------------------------------------------
// Short-term plasticity: the stored weight never changes, the released one does.

/// Maass & Markram (2002), equations for R and u from spike to spike.
struct Tsodyks2 {
    double U = 0.5, tau_rec = 800, tau_fac = 0, u0 = 0.5, x0 = 1;
    double released(double w, double t, const Past& past) const {
        double u = u0, x = x0;
        for (std::size_t i = 0; i < past.pre.size(); ++i) {
            const double interval = (i + 1 < past.pre.size() ? past.pre[i + 1] : t) - past.pre[i];
            const double next = 1 + (x - x * u - 1) * std::exp(-interval / tau_rec);
            u = U + u * (1 - U) * (tau_fac > 0 ? std::exp(-interval / tau_fac) : 0.0);
            x = next;
        }
        return w * u * x;
    }
};

/// Tsodyks, Uziel & Markram (2000): x recovered, y active, z inactive. z' = y / tau_psc - z / tau_rec is solved as an
/// integral over the decaying y.
struct Tsodyks {
    double U = 0.5, tau_psc = 3, tau_rec = 800, tau_fac = 0, x0 = 1, y0 = 0, u0 = 0;
    double begin = 0; ///< when x, y and u are these: time 0 of the source, as it is at the synapse
    double released(double w, double t, const Past& past) const {
        double y = y0, z = 1 - x0 - y0, u = u0, at = begin, out = 0.0;
        const auto until = [&](double stop) {
            const double d = stop - at, fast = std::exp(-d / tau_psc), slow = std::exp(-d / tau_rec);
            const double rate = 1 / tau_rec - 1 / tau_psc;
            const double moved = std::abs(rate) > 1e-12 ? (fast - slow) / rate : d * slow;
            z = z * slow + y / tau_psc * moved;
            y *= fast;
            u = tau_fac > 0 ? u * std::exp(-d / tau_fac) : 0.0;
            at = stop;
        };
        const auto spike = [&] {
            u += U * (1 - u);
            out = u * (1 - y - z);
            y += out;
        };
        for (const double q : past.pre) {
            until(q);
            spike();
        }
        until(t);
        spike();
        return w * out;
    }
};

// ---------------------------------------------------------------------------------------------------------------------
// Rates: y is the number of post spikes, forgotten with tau_y, over tau_y (in 1/ms): an estimate of the rate.

inline double rate(const std::vector<double>& events, double t, double tau) {
    return 1000.0 * trace(events, t, tau) / tau; // Hz
}

/// The threshold theta' = (y^2 / y0 - theta) / tau_theta, from theta0 at time 0, as an integral over all pairs of
/// spikes: y(s)^2 is a sum of exponentials of half the time constant.
inline double sliding_threshold(const std::vector<double>& post, double t, double tau_y, double tau_theta, double y0,
                                double theta0) {
    double theta = theta0 * std::exp(-t / tau_theta);
    const double rate_of_one = 1000.0 / tau_y;
    const double fast = 2.0 / tau_y, slow = 1.0 / tau_theta;
    for (const double a : post)
        for (const double b : post) {
            if (a >= t || b >= t) continue;
            const double from = std::max(a, b);
            // y^2 holds rate_of_one^2 exp(-(2 s - a - b) / tau_y) from the later one on
            const double begin = rate_of_one * rate_of_one * std::exp(-(2 * from - a - b) / tau_y);
            const double span = t - from;
            const double integral = std::abs(fast - slow) > 1e-12
                                        ? (std::exp(-slow * span) - std::exp(-fast * span)) / (fast - slow)
                                        : span * std::exp(-slow * span);
            theta += begin / y0 * integral * slow;
        }
    return theta;
}

/// Bienenstock, Cooper & Munro (1982) with Intrator & Cooper's (1992) threshold: w' = eta x y (y - theta), x a train.
struct Bcm {
    double eta = 1e-6, tau_y = 50, tau_theta = 1000, y0 = 10, theta0 = 0, Wmax = 100;
    double pre(double w, double t, const Past& past) const {
        const double y = rate(past.post, t, tau_y);
        const double theta = sliding_threshold(past.post, t, tau_y, tau_theta, y0, theta0);
        return std::clamp(w + eta * y * (y - theta), 0.0, Wmax);
    }
};

/// Artola, Broecher & Singer (1990): below theta_minus nothing, up to theta_plus depression, above it potentiation.
struct Abs {
    double A_plus = 0.01, A_minus = 0.01, theta_minus = 5, theta_plus = 20, tau_y = 50, Wmax = 100;
    double pre(double w, double t, const Past& past) const {
        const double y = rate(past.post, t, tau_y);
        const double by = y > theta_plus    ? A_plus * (y - theta_plus)
                          : y > theta_minus ? -A_minus * (y - theta_minus)
                                            : 0.0;
        return std::clamp(w + by, 0.0, Wmax);
    }
};

/// Oja (1982): w' = eta y (x - y w / w_norm), y a train: at each post spike.
struct Oja {
    double eta = 1e-3, tau_x = 50, tau_y = 50, w_norm = 1, Wmax = 100;
    double post(double w, double t, const Past& past) const {
        const double x = rate(past.pre, t, tau_x), y = rate(past.post, t, tau_y);
        return std::clamp(w + eta * (x - y * w / w_norm), 0.0, Wmax);
    }
};

// ---------------------------------------------------------------------------------------------------------------------
// The target's potential

/// Clopath et al. (2010) in steps: u is V_m at the end of each, or V_clamp from a spike on for t_clamp.
struct Clopath {
    double A_LTP = 8e-5, A_LTD = 14e-5, tau_x = 15, tau_plus = 7, tau_minus = 10, tau_bar = 500, theta_plus = -45.3,
           theta_minus = -70.6, delay = 5, u_ref_squared = 0, u_rest = -70.6, V_clamp = 33, t_clamp = 2, Wmin = 0,
           Wmax = 100;
    std::int64_t dendritic = 0;
    double h = 0.1;
    bool rounded = false;
    std::vector<double> u{}, bar_plus{}, bar_minus{}, bar{}; ///< by stamp

    Clopath& watch(const Trains& trains, bool round) {
        dendritic = trains.dendritic;
        h = trains.h;
        rounded = round;
        u = trains.potential;
        for (const auto p : trains.post)
            for (std::int64_t s = p; s < p + std::lround(t_clamp / h) && s < std::ssize(u); ++s)
                u[static_cast<std::size_t>(s)] = V_clamp;
        const auto filtered = [&](const std::vector<double>& of, double tau) {
            std::vector<double> out{of.front()};
            for (std::size_t s = 1; s < of.size(); ++s)
                out.push_back(of[s] + (out.back() - of[s]) * std::exp(-h / tau));
            return out;
        };
        bar_plus = filtered(u, tau_plus);
        bar_minus = filtered(u, tau_minus);
        bar = filtered(bar_minus, tau_bar);
        return *this;
    }
    static double at(const std::vector<double>& values, std::int64_t stamp) {
        return values[static_cast<std::size_t>(std::clamp<std::int64_t>(stamp, 0, std::ssize(values) - 1))];
    }
    [[nodiscard]] std::int64_t delayed(std::int64_t stamp) const { return stamp - std::lround(delay / h); }
    double between(double w, double from, double to, const Past& past) const {
        const std::int64_t first = std::lround(from / h) - dendritic, last = std::lround(to / h) - dendritic;
        const std::int64_t late = dendritic == 0 ? 1 : 0; // then a step follows a spike of the source of its time
        for (std::int64_t s = std::max<std::int64_t>(1, first + 1 - late); s <= last - late; ++s) {
            const double above = at(u, s) - theta_plus, mean = at(bar_plus, delayed(s)) - theta_minus;
            if (above <= 0 || mean <= 0) continue;
            const double x = trace(past.pre, static_cast<double>(s + dendritic) * h, tau_x) / tau_x;
            w = std::min(w + A_LTP * x * h * above * mean, Wmax);
            if (rounded) w = static_cast<double>(static_cast<float>(w));
        }
        return w;
    }
    double pre(double w, double t, const Past&) const {
        const std::int64_t s = std::lround(t / h) - dendritic - (dendritic == 0 ? 1 : 0);
        const double depressed = std::max(0.0, at(bar_minus, delayed(s)) - theta_minus);
        const double mean = at(bar, s) - u_rest;
        return std::max(w - A_LTD * depressed * (u_ref_squared > 0 ? mean * mean / u_ref_squared : 1.0), Wmin);
    }
};

// ---------------------------------------------------------------------------------------------------------------------
// Three factors

/// The eligibility of Izhikevich (2007) and of Florian (2007) at t: jumps at post and pre spikes, forgotten with tau.
/// `also`: jumps of that very time count.
inline double eligibility(const Past& past, double t, double tau, double A_plus, double A_minus, double tau_plus,
                          double tau_minus, bool also) {
    double c = 0.0;
    for (const double p : past.post)
        if (p < t || (also && p == t)) c += A_plus * trace(past.pre, p, tau_plus) * std::exp(-(t - p) / tau);
    for (const double q : past.pre)
        if (q < t || (also && q == t)) c -= A_minus * trace(past.post, q, tau_minus) * std::exp(-(t - q) / tau);
    return c;
}

/// Izhikevich (2007), in the continuous form of Potjans et al. (2010): w' = c (n - b).
struct StdpDopamine {
    double A_plus = 1, A_minus = 1.5, tau_plus = 20, tau_minus = 20, tau_c = 1000, tau_n = 200, b = 0, Wmin = 0,
           Wmax = 200;
    std::vector<double> amounts{}; ///< of the modulator so far
    std::vector<double> times{};
    double concentration(double t) const {
        double n = 0.0;
        for (std::size_t i = 0; i < times.size(); ++i)
            if (times[i] <= t) n += amounts[i] / tau_n * std::exp(-(t - times[i]) / tau_n);
        return n;
    }
    double between(double w, double from, double to, const Past& past) const {
        // Simpson's rule on pieces that are short beside every time constant; bounds act at the end of an interval
        // between events, as they do in the closed form.
        if (to <= from) return w;
        const double c0 = eligibility(past, from, tau_c, A_plus, A_minus, tau_plus, tau_minus, true);
        const double n0 = concentration(from);
        const auto f = [&](double s) { return c0 * std::exp(-s / tau_c) * (n0 * std::exp(-s / tau_n) - b); };
        const int pieces = 2 * std::max(2, static_cast<int>((to - from) / (0.05 * std::min(tau_c, tau_n))));
        const double d = (to - from) / pieces;
        double sum = f(0.0) + f(to - from);
        for (int i = 1; i < pieces; ++i)
            sum += (i % 2 ? 4.0 : 2.0) * f(i * d);
        return std::clamp(w + sum * d / 3, Wmin, Wmax);
    }
    double modulator(double w, double t, double weight, const Past&) {
        times.push_back(t);
        amounts.push_back(weight);
        return w;
    }
};

/// Florian (2007), modulated STDP with an eligibility trace: reward R at t changes w by gamma R z, z of the spikes
/// before t.
struct Mstdpet {
    double gamma = 0.1, A_plus = 1, A_minus = 1, tau_plus = 20, tau_minus = 20, tau_z = 25, Wmin = 0, Wmax = 5;
    double modulator(double w, double t, double weight, const Past& past) const {
        return std::clamp(w + gamma * weight *
                                  eligibility(past, t, tau_z, A_plus, A_minus, tau_plus, tau_minus, false) / tau_z,
                          Wmin, Wmax);
    }
};

/// Florian (2007), modulated STDP: every pair changes w by gamma r(t); r sums the rewards up to t, forgotten with
/// tau_r.
struct Mstdp {
    double gamma = 0.1, A_plus = 1, A_minus = 1, tau_plus = 20, tau_minus = 20, tau_r = 25, Wmin = 0, Wmax = 5;
    std::vector<double> times{}, weights{};
    double signal(double t) const {
        double r = 0.0;
        for (std::size_t i = 0; i < times.size(); ++i)
            if (times[i] <= t) r += weights[i] * std::exp(-(t - times[i]) / tau_r);
        return r;
    }
    double post(double w, double t, const Past& past) const {
        return std::clamp(w + gamma * signal(t) * A_plus * trace(past.pre, t, tau_plus), Wmin, Wmax);
    }
    double pre(double w, double t, const Past& past) const {
        return std::clamp(w - gamma * signal(t) * A_minus * trace(past.post, t, tau_minus), Wmin, Wmax);
    }
    double modulator(double w, double t, double weight, const Past&) {
        times.push_back(t);
        weights.push_back(weight);
        return w;
    }
};

// ---------------------------------------------------------------------------------------------------------------------
// Supervised on spike times

/// Pair-based STDP in which the teacher's spikes take the place of the neuron's own.
struct SupervisedHebbian {
    double tau_plus = 20, tau_minus = 20, A_plus = 0.01, A_minus = 0, a_d = 0, Wmin = 0, Wmax = 100;
    double teacher(double w, double t, const Past& past) const {
        return std::clamp(w + a_d + A_plus * trace(past.pre, t, tau_plus), Wmin, Wmax);
    }
    double pre(double w, double t, const Past& past) const {
        return std::clamp(w - A_minus * trace(past.teacher, t, tau_minus), Wmin, Wmax);
    }
};

/// Ponulak & Kasinski (2010): w' = (S_teacher - S_own) (a_d + A sum of exp(-s / tau) over earlier pre spikes).
struct Resume {
    double a_d = 0, A = 0.01, tau = 10, Wmin = -100, Wmax = 100;
    double change(double t, const Past& past) const { return a_d + A * trace(past.pre, t, tau); }
    double teacher(double w, double t, const Past& past) const { return std::clamp(w + change(t, past), Wmin, Wmax); }
    double post(double w, double t, const Past& past) const { return std::clamp(w - change(t, past), Wmin, Wmax); }
};

/// Florian (2012), I-learning: w' = gamma |w| (S_teacher - S_own) I(t), I the double-exponential current of weight 1.
struct ChronotronI {
    double gamma = 0.01, tau_m = 10, tau_s = 5, Wmin = -100, Wmax = 100;
    double change(double w, double t, const Past& past) const {
        return gamma * std::abs(w) * (trace(past.pre, t, tau_m) - trace(past.pre, t, tau_s));
    }
    double teacher(double w, double t, const Past& past) const {
        return std::clamp(w + change(w, t, past), Wmin, Wmax);
    }
    double post(double w, double t, const Past& past) const { return std::clamp(w - change(w, t, past), Wmin, Wmax); }
};

/// Florian (2012), E-learning: at the end of each trial, by the cheapest way from the target's spikes to the teacher's.
struct ChronotronE {
    double gamma = 0.01, gamma_r = 10, tau_q = 10, tau_m = 10, tau_s = 5, Wmin = -100, Wmax = 100;
    std::int64_t interval = 2500; ///< steps
    Trains trains{};

    /// Removing and inserting cost 1, moving by t costs (t / tau_q)^2 / 2; {spikes removed or inserted, sum of
    /// squares}.
    using Cost = std::pair<std::int64_t, std::int64_t>;
    [[nodiscard]] double worth(Cost c) const {
        const double q = trains.h / tau_q;
        return static_cast<double>(c.first) + static_cast<double>(c.second) * (q * q / 2);
    }
    /// Of the first i of `own` and j of `teacher`, and what each does: own spikes that are moved name their goal.
    [[nodiscard]] Cost way(const std::vector<std::int64_t>& own, const std::vector<std::int64_t>& teacher,
                           std::size_t i, std::size_t j,
                           std::map<std::pair<std::size_t, std::size_t>, Cost>& known) const {
        if (i == 0 || j == 0) return {static_cast<std::int64_t>(i + j), 0};
        if (const auto found = known.find({i, j}); found != known.end()) return found->second;
        Cost best = way(own, teacher, i - 1, j, known);
        ++best.first;
        Cost other = way(own, teacher, i, j - 1, known);
        ++other.first;
        if (worth(other) < worth(best)) best = other;
        other = way(own, teacher, i - 1, j - 1, known);
        const std::int64_t by = own[i - 1] - teacher[j - 1];
        other.second += by * by;
        if (worth(other) < worth(best)) best = other;
        return known[{i, j}] = best;
    }
    /// The PSP of the trial's spikes of the source, at the target's time p.
    [[nodiscard]] double lambda(std::int64_t begin, std::int64_t p) const {
        const auto kernel = [&](double s) { return std::exp(-s / tau_m) - std::exp(-s / tau_s); };
        const double top = kernel(std::log(tau_m / tau_s) / (1 / tau_s - 1 / tau_m));
        double sum = 0.0;
        for (const auto s : trains.pre) {
            const std::int64_t q = s + trains.axonal - trains.dendritic;
            if (q > begin && q < p) sum += kernel(static_cast<double>(p - q) * trains.h) / top;
        }
        return sum;
    }
    [[nodiscard]] double change(std::int64_t end) const {
        std::vector<std::int64_t> own, teacher;
        for (const auto p : trains.post)
            if (p > end - interval && p <= end) own.push_back(p);
        for (const auto p : trains.teacher)
            if (p > end - interval && p <= end) teacher.push_back(p);
        std::map<std::pair<std::size_t, std::size_t>, Cost> known;
        double sum = 0.0;
        for (std::size_t i = own.size(), j = teacher.size(); i + j > 0;) {
            const Cost now = way(own, teacher, i, j, known);
            const auto one_more = [](Cost c) { return Cost{c.first + 1, c.second}; };
            if (i > 0 && one_more(way(own, teacher, i - 1, j, known)) == now) {
                sum -= lambda(end - interval, own[--i]);
            } else if (j > 0 && one_more(way(own, teacher, i, j - 1, known)) == now) {
                sum += lambda(end - interval, teacher[--j]);
            } else {
                const double by = static_cast<double>(own[--i] - teacher[--j]) * trains.h;
                sum += gamma_r / (tau_q * tau_q) * by * lambda(end - interval, own[i]);
            }
        }
        return gamma * sum;
    }
    double between(double w, double from, double to, const Past&) const {
        const std::int64_t first = std::lround(from / trains.h) - trains.dendritic,
                           last = std::lround(to / trains.h) - trains.dendritic;
        const std::int64_t late = trains.dendritic == 0 ? 1 : 0; // then it follows a spike of the source of its time
        for (std::int64_t end = interval; end <= last - late; end += interval)
            if (end > first - late) w = std::clamp(w + change(end), Wmin, Wmax);
        return w;
    }
};

} // namespace spikecast::reference
