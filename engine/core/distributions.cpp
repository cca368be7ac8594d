#include "spikecast/distributions.hpp"

#include "engine/core/kernels.hpp"
#include "spikecast/error.hpp"
#include "spikecast/math.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

namespace spikecast {
namespace {

using kernels::infinity;
using kernels::Pair;
using Kind = Distribution::Kind;

[[noreturn]] void refuse(const char* object, std::string message, const char* remedy) {
    throw InputError(Diagnostic{Where{}, object, std::move(message), remedy});
}

std::string text(const Distribution& law) {
    constexpr const char* names[] = {"constant", "uniform", "normal", "lognormal", "exponential"};
    std::string out = std::string(names[static_cast<std::size_t>(law.kind)]) + "(" + std::to_string(law.a);
    if (law.kind == Kind::uniform || law.kind == Kind::normal || law.kind == Kind::lognormal) {
        out += ", " + std::to_string(law.b);
    }
    return out + ") on [" + std::to_string(law.low) + ", " + std::to_string(law.high) + "]";
}

/// P(X <= x) and P(X > x) of the law without its bounds, each with a small relative error of its own.
double below_probability(const Distribution& law, double x) {
    switch (law.kind) {
    case Kind::constant:
        return x >= law.a ? 1.0 : 0.0;
    case Kind::uniform:
        return std::clamp((x - law.a) / (law.b - law.a), 0.0, 1.0);
    case Kind::normal:
        return math::normal_cdf((x - law.a) / law.b);
    case Kind::lognormal:
        return x > 0.0 ? math::normal_cdf((math::log(x) - law.a) / law.b) : 0.0;
    case Kind::exponential:
        return x > 0.0 ? -math::expm1(-x / law.a) : 0.0;
    }
    return 0.0;
}
double above_probability(const Distribution& law, double x) {
    switch (law.kind) {
    case Kind::constant:
        return x >= law.a ? 0.0 : 1.0;
    case Kind::uniform:
        return std::clamp((law.b - x) / (law.b - law.a), 0.0, 1.0);
    case Kind::normal:
        return math::normal_cdf((law.a - x) / law.b);
    case Kind::lognormal:
        return x > 0.0 ? math::normal_cdf((law.a - math::log(x)) / law.b) : 1.0;
    case Kind::exponential:
        return x > 0.0 ? math::exp(-x / law.a) : 1.0;
    }
    return 0.0;
}
/// P(low < X <= high) of the law without its bounds, from the tail in which the two differ most.
double probability(const Distribution& law, double low, double high) {
    if (!(low < high)) {
        return 0.0;
    }
    const double p = below_probability(law, low) > 0.5 ? above_probability(law, low) - above_probability(law, high)
                                                       : below_probability(law, high) - below_probability(law, low);
    return std::max(p, 0.0);
}

/// exp(-z^2 / 2) / sqrt(2 pi); 0 at infinity.
double density(double z) {
    return math::exp(-0.5 * z * z) * 0.3989422804014327;
}

/// The integral of x f(x) over [low, high].
double partial_mean(const Distribution& law, double low, double high) {
    switch (law.kind) {
    case Kind::constant:
        return law.a >= low && law.a <= high ? law.a : 0.0;
    case Kind::uniform: {
        const double l = std::max(low, law.a), h = std::min(high, law.b);
        return l < h ? 0.5 * (h + l) * ((h - l) / (law.b - law.a)) : 0.0;
    }
    case Kind::normal: {
        const double a = (low - law.a) / law.b, b = (high - law.a) / law.b;
        return law.a * probability(law, low, high) - law.b * (density(b) - density(a));
    }
    case Kind::lognormal: {
        // x f(x) is the mean times the density of the law with mu + sigma^2.
        const Distribution tilted = Distribution::lognormal(law.a + law.b * law.b, law.b);
        return math::exp(law.a + 0.5 * law.b * law.b) * probability(tilted, low, high);
    }
    case Kind::exponential: {
        const auto rest = [&law](double x) { return x == infinity ? 0.0 : (x + law.a) * math::exp(-x / law.a); };
        return rest(std::max(low, 0.0)) - rest(std::max(high, 0.0));
    }
    }
    return 0.0;
}

/// open_unit(word) by the bits of a double: (word + 1/2) 2^-32, exactly, and vectors of AVX2 can do it.
inline double unit(std::uint32_t word) noexcept {
    return (std::bit_cast<double>(0x4330000000000000ULL | word) - 0x1.fffffffffffffp51) * 0x1p-32;
}

constexpr std::size_t block = 512;

/// z[j] = kernels::quantile(u[j]), n <= block: the central formula for all, then the tails, gathered, so that both
/// loops vectorise; each number gets the operations of kernels::quantile, hence its bits.
void quantiles(const double* u, double* z, std::size_t n) noexcept {
    std::array<std::uint32_t, block> where;
    alignas(64) std::array<double, block> r;
    for (std::size_t j = 0; j < n; ++j) {
        z[j] = kernels::quantile_central(u[j] - 0.5);
    }
    std::size_t count = 0;
    for (std::size_t j = 0; j < n; ++j) {
        where[count] = static_cast<std::uint32_t>(j);
        count += static_cast<std::size_t>(std::fabs(u[j] - 0.5) > 0.425);
    }
    for (std::size_t t = 0; t < count; ++t) {
        const double p = u[where[t]];
        r[t] = std::min(p, 1.0 - p);
    }
    for (std::size_t t = 0; t < count; ++t) {
        r[t] = -kernels::log_normal_range(r[t]);
    }
    for (std::size_t t = 0; t < count; ++t) {
        r[t] = std::sqrt(r[t]);
    }
    alignas(64) std::array<double, block> tails;
    for (std::size_t t = 0; t < count; ++t) {
        tails[t] = kernels::quantile_tail(r[t]);
    }
    for (std::size_t t = 0; t < count; ++t) {
        // 32-bit uniforms end at r = 4.78, truncated laws may go further out.
        const double size = r[t] <= 5.0 ? tails[t] : kernels::quantile_far(r[t]);
        z[where[t]] = u[where[t]] < 0.5 ? -size : size;
    }
}

} // namespace

// u_scale_ < 0 stands for a law whose bounds lie in its upper half: then u = P(X > x), falling from P(X > low) to
// P(X > high), since P(X <= x) has no resolution left there.
Sampler::Sampler(const Distribution& law) : law_(law) {
    const bool two = law.kind == Kind::uniform || law.kind == Kind::normal || law.kind == Kind::lognormal;
    if (!std::isfinite(law.a) || (two && !std::isfinite(law.b))) {
        refuse("distribution", text(law) + " has a parameter that is not finite", "give finite parameters");
    }
    if (!(law.low <= law.high)) {
        refuse("distribution", text(law) + " has a lower bound above its upper bound", "give low <= high");
    }
    if ((law.kind == Kind::normal || law.kind == Kind::lognormal) && law.b < 0.0) {
        refuse("distribution", text(law) + " has a negative standard deviation", "give one >= 0");
    }
    if (law.kind == Kind::uniform && law.b < law.a) {
        refuse("distribution", text(law) + " has its low end above its high end", "give uniform = [low, high]");
    }
    if (law.kind == Kind::exponential && law.a < 0.0) {
        refuse("distribution", text(law) + " has a negative mean", "give one >= 0");
    }
    if ((two && law.kind != Kind::uniform && law.b == 0.0) || (law.kind == Kind::uniform && law.a == law.b) ||
        (law.kind == Kind::exponential && law.a == 0.0)) {
        law_.kind = Kind::constant;
        law_.a = law.kind == Kind::lognormal ? math::exp(law.a) : law.a;
        law_.b = 0.0;
    }
    const bool redraw = law.outside == Distribution::Outside::redraw;
    if (law_.kind == Kind::constant) {
        if (redraw && !(law_.a >= law.low && law_.a <= law.high)) {
            refuse("distribution", text(law) + " never falls inside its bounds", "move the bounds, or use clip");
        }
        law_.a = std::clamp(law_.a, law.low, law.high);
        return;
    }
    if (redraw && (law.low > -infinity || law.high < infinity)) {
        truncate();
        // 32-bit words divide what is left; below 1e-280 the smallest piece would leave the normal numbers.
        if (!(probability(law, law.low, law.high) > 1e-280) || u_scale_ == 0.0) {
            refuse("distribution", text(law) + " has no probability inside its bounds", "move the bounds, or use clip");
        }
    }
    if (law.kind == Kind::uniform) {
        // a + (b - a) u can round up to b, which the law leaves out.
        const double last = std::nextafter(law.b, law.a);
        law_.low = std::max(law.low, law.a);
        law_.high = law.low > last ? law.high : std::min(law.high, last); // clipped to low where all lies below it
    }
}

/// The part of (0, 1) within the bounds.
void Sampler::truncate() noexcept {
    const double below = below_probability(law_, law_.low);
    const bool upper = below > 0.5;
    u_low_ = upper ? above_probability(law_, law_.low) : below;
    u_scale_ = (upper ? above_probability(law_, law_.high) : below_probability(law_, law_.high)) - u_low_;
}

double Sampler::at_least(double low, std::uint32_t word) const noexcept {
    if (law_.kind == Kind::constant || !(low > law_.low)) return (*this)(word);
    Sampler rest = *this;
    rest.law_.low = low;
    rest.truncate();
    return rest(word);
}

double Sampler::operator()(std::uint32_t word) const noexcept {
    if (law_.kind == Kind::constant) {
        return law_.a;
    }
    const bool upper = u_scale_ < 0.0;
    const double u = u_low_ + u_scale_ * unit(word);
    double x = 0.0;
    switch (law_.kind) {
    case Kind::constant:
        break;
    case Kind::uniform:
        x = upper ? law_.b - (law_.b - law_.a) * u : law_.a + (law_.b - law_.a) * u;
        break;
    case Kind::normal:
        x = law_.a + (upper ? -law_.b : law_.b) * kernels::quantile(u);
        break;
    case Kind::lognormal:
        x = math::exp(law_.a + (upper ? -law_.b : law_.b) * kernels::quantile(u));
        break;
    case Kind::exponential:
        x = -law_.a * (upper ? math::log(u) : math::log1p(-u));
        break;
    }
    return std::min(std::max(x, law_.low), law_.high);
}

void Sampler::fill(std::span<const std::uint32_t> words, std::span<double> out) const noexcept {
    const std::size_t size = std::min(words.size(), out.size());
    if (law_.kind == Kind::constant) {
        std::fill_n(out.begin(), size, law_.a);
        return;
    }
    const bool upper = u_scale_ < 0.0;
    const double a = law_.a, b = upper ? -law_.b : law_.b, low = law_.low, high = law_.high;
    const double u_low = u_low_, u_scale = u_scale_;
    alignas(64) std::array<double, block> u;
    alignas(64) std::array<double, block> x;
    for (std::size_t done = 0; done < size; done += block) {
        const std::size_t n = std::min(block, size - done);
        const std::uint32_t* w = words.data() + done;
        for (std::size_t j = 0; j < n; ++j) {
            u[j] = u_low + u_scale * unit(w[j]);
        }
        switch (law_.kind) {
        case Kind::constant:
            break;
        case Kind::uniform: {
            const double from = upper ? law_.b : a, step = upper ? -(law_.b - a) : law_.b - a;
            for (std::size_t j = 0; j < n; ++j) {
                x[j] = from + step * u[j];
            }
            break;
        }
        case Kind::normal:
        case Kind::lognormal:
            quantiles(u.data(), x.data(), n);
            for (std::size_t j = 0; j < n; ++j) {
                x[j] = a + b * x[j];
            }
            if (law_.kind == Kind::lognormal) {
                for (std::size_t j = 0; j < n; ++j) {
                    x[j] = math::exp(x[j]);
                }
            }
            break;
        case Kind::exponential:
            for (std::size_t j = 0; j < n; ++j) {
                x[j] = -a * (upper ? math::log(u[j]) : math::log1p(-u[j]));
            }
            break;
        }
        double* to = out.data() + done;
        for (std::size_t j = 0; j < n; ++j) {
            to[j] = std::min(std::max(x[j], low), high);
        }
    }
}

double Sampler::lowest() const noexcept {
    return (*this)(0);
}
double Sampler::highest() const noexcept {
    return (*this)(std::numeric_limits<std::uint32_t>::max());
}

double Sampler::mean() const noexcept {
    if (law_.kind == Kind::constant) {
        return law_.a;
    }
    const double inside = partial_mean(law_, law_.low, law_.high);
    if (law_.outside == Distribution::Outside::redraw) {
        return std::clamp(inside / probability(law_, law_.low, law_.high), lowest(), highest());
    }
    const double below_low = below_probability(law_, law_.low), above_high = above_probability(law_, law_.high);
    return inside + (below_low > 0.0 ? law_.low * below_low : 0.0) + (above_high > 0.0 ? law_.high * above_high : 0.0);
}

double Sampler::positive_mean() const noexcept {
    if (lowest() >= 0.0) {
        return mean();
    }
    if (highest() <= 0.0) {
        return 0.0;
    }
    const double inside = partial_mean(law_, 0.0, law_.high); // low < 0 < high
    if (law_.outside == Distribution::Outside::redraw) {
        return std::clamp(inside / probability(law_, law_.low, law_.high), 0.0, highest());
    }
    const double above_high = above_probability(law_, law_.high);
    return inside + (above_high > 0.0 ? law_.high * above_high : 0.0);
}

DiscreteSampler::DiscreteSampler(std::uint32_t low, std::vector<double> probabilities) : low_(low) {
    double total = 0.0;
    for (const double p : probabilities) {
        total += p;
    }
    // Values that no word gives are left out at both ends, so that low() and high() do occur.
    double sum = 0.0;
    for (std::size_t i = 0; i + 1 < probabilities.size(); ++i) {
        sum += probabilities[i];
        const double threshold = std::floor(std::min(sum / total, 1.0) * 0x1p32 + 0.5);
        if (threshold == 0.0) {
            ++low_;
        } else if (threshold < 0x1p32) {
            cumulated_.push_back(static_cast<std::uint32_t>(threshold));
        }
    }
    // At least four entries for each value, so that the search after the guide seldom takes more than one step.
    const std::size_t entries = std::clamp<std::size_t>(std::bit_ceil(4 * (cumulated_.size() + 1)), 256, 65536);
    guide_.resize(entries);
    std::size_t candidate = 0;
    for (std::size_t g = 0; g < entries; ++g) {
        const std::uint64_t first_word = (static_cast<std::uint64_t>(g) << 32) / entries;
        while (candidate < cumulated_.size() && cumulated_[candidate] <= first_word) {
            ++candidate;
        }
        guide_[g] = static_cast<std::uint16_t>(candidate);
    }
}

DiscreteSampler DiscreteSampler::delays(const Distribution& law_ms, double resolution_ms) {
    const double h = resolution_ms;
    if (!(h > 0.0) || !std::isfinite(h)) {
        refuse("simulation.resolution", "resolution = " + std::to_string(h) + " ms, but it must be > 0 ms",
               "give a positive resolution");
    }
    const auto step = [h](double x) { return std::max(std::floor(x / h + 0.5), 1.0); };
    const bool redraw = law_ms.outside == Distribution::Outside::redraw;
    Distribution law = law_ms;
    if (redraw) {
        // A constant may lie on the half step itself, which rounds to one step.
        law.low = std::max(law.low, 0.5 * h);
        if (!(law.low <= law.high)) {
            refuse("delay",
                   text(law_ms) + " ms leaves nothing from half a step (" + std::to_string(0.5 * h) + " ms) on",
                   "raise the upper bound, or use clip");
        }
    }
    const Sampler sampler(law);
    const double first = step(sampler.lowest()), last = step(sampler.highest());
    // One step fewer than the guide's 16-bit candidates can name.
    if (last - first > 65534.0 || last > 0x1p31) {
        refuse("delay",
               text(law_ms) + " ms spreads over " + std::to_string(last - first + 1.0) +
                   " steps, but at most 65535 are possible",
               "bound the delays with low and high");
    }
    const auto low = static_cast<std::uint32_t>(first);
    const auto count = static_cast<std::size_t>(last - first) + 1;
    std::vector<double> p(count, 1.0);
    if (count > 1) {
        for (std::size_t i = 0; i < count; ++i) {
            const double s = first + static_cast<double>(i);
            // Clipped numbers go to the outermost steps, as does what 32-bit words can't resolve beyond them.
            double from = i == 0 ? (redraw ? law.low : -infinity) : (s - 0.5) * h;
            double to = i + 1 == count ? (redraw ? law.high : infinity) : (s + 0.5) * h;
            if (redraw) {
                from = std::max(from, law.low);
                to = std::min(to, law.high);
            }
            p[i] = probability(law, from, to);
        }
    }
    return {low, std::move(p)};
}

DiscreteSampler DiscreteSampler::poisson(double mean) {
    if (!(mean >= 0.0 && mean <= 1e6)) {
        refuse("poisson", "mean = " + std::to_string(mean) + ", but it must lie in [0, 1e6]",
               "lower the rate or the step");
    }
    // Relative to the mode, outwards by the recurrence; normalised by the constructor. Below 1e-25 nothing is left that
    // a 32-bit word could resolve.
    const double mode = std::floor(mean);
    std::vector<double> p{1.0};
    for (double k = mode, q = 1.0; k > 0.0 && q > 1e-25; k -= 1.0) {
        q *= k / mean;
        p.push_back(q);
    }
    const double low = mode - static_cast<double>(p.size() - 1);
    std::reverse(p.begin(), p.end());
    for (double k = mode + 1.0, q = 1.0; mean > 0.0 && q > 1e-25; k += 1.0) {
        q *= mean / k;
        p.push_back(q);
    }
    return {static_cast<std::uint32_t>(low), std::move(p)};
}

std::uint32_t DiscreteSampler::operator()(std::uint32_t word) const noexcept {
    std::size_t i = guide_[static_cast<std::size_t>((std::uint64_t{word} * guide_.size()) >> 32)];
    while (i < cumulated_.size() && cumulated_[i] <= word) {
        ++i;
    }
    return low_ + static_cast<std::uint32_t>(i);
}

void DiscreteSampler::fill(std::span<const std::uint32_t> words, std::span<std::uint32_t> out) const noexcept {
    const std::size_t size = std::min(words.size(), out.size());
    if (cumulated_.empty()) {
        std::fill_n(out.begin(), size, low_);
        return;
    }
    for (std::size_t j = 0; j < size; ++j) {
        out[j] = (*this)(words[j]);
    }
}

// Both generators are Hoermann's transformed rejection (W. Hoermann 1993, "The generation of binomial random variates",
// J. Stat. Comput. Simul. 46, algorithm BTRS; "The transformed rejection method for generating Poisson random
// variables", Insurance: Mathematics and Economics 12, algorithm PTRS), with the log-probabilities in Loader's
// saddle-point form (C. Loader 2000, "Fast and accurate computation of binomial probabilities"), since differences of
// lgamma would have lost all digits at n = 1e15.
namespace {

/// log(k!) - k log(k) + k.
double factorial_rest(double k) {
    if (k < 16.0) {
        return k == 0.0 ? 0.0 : math::lgamma(k + 1.0) - k * math::log(k) + k;
    }
    const double r = 1.0 / (k * k);
    constexpr double c[] = {1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0};
    return 0.5 * math::log(6.283185307179586 * k) + kernels::horner(c, r) / k;
}

/// x log(x / mean) + mean - x, given difference = x - mean without its cancellation.
double deviance(double x, double mean, double difference) {
    const double u = difference / mean;
    if (u < 0.1 && u > -0.1) {
        // sum over j >= 2 of (-u)^j / (j (j - 1)), to j = 17: the next term is < 2^-58 of the first.
        double sum = 0.0;
        for (int j = 17; j >= 2; --j) {
            sum = 1.0 / (j * (j - 1)) - u * sum;
        }
        return difference * u * sum;
    }
    return x == 0.0 ? mean : x * math::log(x / mean) - difference;
}

/// Trial t of a rejection has the uniforms of draws first + 2 t and first + 2 t + 1.
struct Uniforms {
    double u, v;
};
Uniforms uniforms(Key key, std::uint64_t neuron, std::uint64_t draw) {
    return {open_unit(draw64(key, neuron, draw)), open_unit(draw64(key, neuron, draw + 1))};
}

/// The k at which P(0) + ... + P(k) first exceeds u, P(k + 1) = P(k) ratio(k).
template <class Ratio>
std::uint64_t invert(double u, double p, double mean, std::uint64_t most, Ratio ratio) {
    std::uint64_t k = 0;
    while (u > p && k < most) {
        u -= p;
        p *= ratio(static_cast<double>(k));
        ++k;
        if (p < 0x1p-70 && static_cast<double>(k) > mean) {
            break; // u is what rounding left of the sum of all
        }
    }
    return k;
}

} // namespace

std::uint64_t binomial(Key key, std::uint64_t neuron, std::uint64_t first_draw, std::uint64_t n, double p) {
    if (n == 0 || !(p > 0.0)) {
        return 0;
    }
    if (p >= 1.0) {
        return n;
    }
    if (p > 0.5) {
        return n - binomial(key, neuron, first_draw, n, 1.0 - p); // 1 - p is exact
    }
    const auto count = static_cast<double>(n);
    const Pair product = kernels::two_product(count, p);
    const double mean = product.hi;
    if (mean < 10.0) {
        const double odds = p / (1.0 - p);
        return invert(open_unit(draw64(key, neuron, first_draw)), math::exp(count * math::log1p(-p)), mean, n,
                      [count, odds](double k) { return (count - k) / (k + 1.0) * odds; });
    }
    // The mean as an integer and a fraction, so that proposals near it lose no digits.
    double whole = std::floor(product.hi);
    double fraction = (product.hi - whole) + product.lo;
    if (fraction < 0.0) {
        whole -= 1.0;
        fraction += 1.0;
    }
    const double other_mean = count - mean;
    const double log_scale = std::sqrt(mean * (1.0 - p));
    const double b = 1.15 + 2.53 * log_scale;
    const double a = -0.0873 + 0.0248 * b + 0.01 * p;
    const double v_r = 0.92 - 4.2 / b;
    const double alpha = (2.83 + 5.1 / b) * log_scale;
    const auto log_probability = [&](double offset) {
        const double k = whole + offset, difference = offset - fraction;
        return -factorial_rest(k) - factorial_rest(count - k) - deviance(k, mean, difference) -
               deviance(count - k, other_mean, -difference);
    };
    const double at_mode = log_probability(fraction + p >= 1.0 ? 1.0 : 0.0);
    for (std::uint64_t draw = first_draw;; draw += 2) {
        const Uniforms w = uniforms(key, neuron, draw);
        const double u = w.u - 0.5;
        const double us = 0.5 - std::fabs(u);
        const double offset = std::floor((2.0 * a / us + b) * u + (fraction + 0.5));
        const double k = whole + offset;
        if (k < 0.0 || k > count) {
            continue;
        }
        if ((us >= 0.07 && w.v <= v_r) ||
            math::log(w.v * alpha / (a / (us * us) + b)) <= log_probability(offset) - at_mode) {
            return static_cast<std::uint64_t>(k);
        }
    }
}

std::uint64_t poisson(Key key, std::uint64_t neuron, std::uint64_t first_draw, double mean) {
    if (!(mean > 0.0)) {
        return 0;
    }
    if (mean > 0x1p52) {
        refuse("poisson", "mean = " + std::to_string(mean) + ", but it must be <= 2^52",
               "lower the number of synapses");
    }
    if (mean < 10.0) {
        return invert(open_unit(draw64(key, neuron, first_draw)), math::exp(-mean), mean,
                      std::numeric_limits<std::uint64_t>::max(), [mean](double k) { return mean / (k + 1.0); });
    }
    const double whole = std::floor(mean), fraction = mean - whole;
    const double b = 0.931 + 2.53 * std::sqrt(mean);
    const double a = -0.059 + 0.02483 * b;
    const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    const double v_r = 0.9277 - 3.6224 / (b - 2.0);
    for (std::uint64_t draw = first_draw;; draw += 2) {
        const Uniforms w = uniforms(key, neuron, draw);
        const double u = w.u - 0.5;
        const double us = 0.5 - std::fabs(u);
        const double offset = std::floor((2.0 * a / us + b) * u + (fraction + 0.43));
        const double k = whole + offset;
        if (k < 0.0 || k > 0x1p62 || (us < 0.013 && w.v > us)) {
            continue;
        }
        if ((us >= 0.07 && w.v <= v_r) || math::log(w.v * inverse_alpha / (a / (us * us) + b)) <=
                                              -factorial_rest(k) - deviance(k, mean, offset - fraction)) {
            return static_cast<std::uint64_t>(k);
        }
    }
}

// The tree: node 1 is [0, cells), the halves of node i are nodes 2 i and 2 i + 1, split at a + (b - a) / 2; so a node's
// number names its interval and serves as the counter of its draws. 2^62 cells keep the numbers within 64 bits.
namespace {

struct Node {
    std::uint64_t id, a, b, total;
    [[nodiscard]] std::uint64_t middle() const noexcept { return a + (b - a) / 2; }
    [[nodiscard]] Node left(std::uint64_t count) const noexcept { return {2 * id, a, middle(), count}; }
    [[nodiscard]] Node right(std::uint64_t left_count) const noexcept {
        return {2 * id + 1, middle(), b, total - left_count};
    }
};

/// How many of a node's things fall into its left half.
struct Splitter {
    Key key;
    MultinomialTree::WeightSum weight_of;
    const void* context;

    [[nodiscard]] std::uint64_t operator()(const Node& node) const {
        if (node.total == 0) {
            return 0;
        }
        const std::uint64_t m = node.middle();
        double p = 0.0;
        if (weight_of == nullptr) {
            p = static_cast<double>(m - node.a) / static_cast<double>(node.b - node.a);
        } else {
            // Both halves are asked: their quotient is then exactly 0 or 1 where one of them is empty.
            const double left = weight_of(context, node.a, m), right = weight_of(context, m, node.b);
            p = left > 0.0 ? left / (left + right) : 0.0;
        }
        return binomial(key, node.id, 0, node.total, p);
    }

    void counts(const Node& node, std::span<const std::uint64_t> cells, std::span<std::uint64_t> out) const {
        if (cells.empty()) {
            return;
        }
        if (node.total == 0 || node.b - node.a == 1) {
            std::fill(out.begin(), out.end(), node.total);
            return;
        }
        const std::uint64_t left = (*this)(node);
        const auto middle = std::lower_bound(cells.begin(), cells.end(), node.middle());
        const auto cut = static_cast<std::size_t>(middle - cells.begin());
        counts(node.left(left), cells.first(cut), out.first(cut));
        counts(node.right(left), cells.subspan(cut), out.subspan(cut));
    }
};

} // namespace

MultinomialTree::MultinomialTree(Key key, std::uint64_t total, std::uint64_t cells)
    : key_(key), total_(total), cells_(cells) {
    if (cells > (std::uint64_t{1} << 62) || (cells == 0 && total > 0)) {
        refuse("multinomial", std::to_string(total) + " things over " + std::to_string(cells) + " cells",
               "use 1 to 2^62 cells");
    }
}

MultinomialTree::MultinomialTree(Key key, std::uint64_t total, std::uint64_t cells, WeightSum weight_of,
                                 const void* context)
    : MultinomialTree(key, total, cells) {
    weight_of_ = weight_of;
    context_ = context;
    if (total > 0) {
        const double weight = weight_of(context, 0, cells);
        if (!(weight > 0.0) || !std::isfinite(weight)) {
            refuse("multinomial", "the weights of all cells sum to " + std::to_string(weight),
                   "give a positive, finite sum");
        }
    }
}

std::uint64_t MultinomialTree::count(std::uint64_t cell) const {
    if (cell >= cells_) {
        return 0;
    }
    std::uint64_t one = 0;
    counts(std::span(&cell, 1), std::span(&one, 1));
    return one;
}

void MultinomialTree::counts(std::span<const std::uint64_t> cells, std::span<std::uint64_t> counts) const {
    // Cells beyond the last have nothing.
    const auto inside = static_cast<std::size_t>(std::lower_bound(cells.begin(), cells.end(), cells_) - cells.begin());
    std::fill(counts.begin() + static_cast<std::ptrdiff_t>(inside), counts.end(), 0);
    Splitter{key_, weight_of_, context_}.counts(Node{1, 0, cells_, total_}, cells.first(inside), counts.first(inside));
}

std::uint64_t MultinomialTree::before(std::uint64_t cell) const {
    if (cell >= cells_) {
        return total_;
    }
    const Splitter split{key_, weight_of_, context_};
    Node node{1, 0, cells_, total_};
    std::uint64_t sum = 0;
    while (node.b - node.a > 1 && node.total > 0) {
        const std::uint64_t left = split(node);
        if (cell < node.middle()) {
            node = node.left(left);
        } else {
            sum += left;
            node = node.right(left);
        }
    }
    return sum;
}

MultinomialTree::Place MultinomialTree::cell_of(std::uint64_t index) const {
    if (index >= total_) {
        return {cells_, total_};
    }
    const Splitter split{key_, weight_of_, context_};
    Node node{1, 0, cells_, total_};
    std::uint64_t sum = 0;
    while (node.b - node.a > 1) {
        const std::uint64_t left = split(node);
        if (index - sum < left) {
            node = node.left(left);
        } else {
            sum += left;
            node = node.right(left);
        }
    }
    return {node.a, sum};
}

} // namespace spikecast
