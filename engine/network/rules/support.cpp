#include "engine/network/rules/support.hpp"

#include "spikecast/math.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace spikecast::rules {

#ifdef __AVX2__
namespace {

/// 8 * Groups Philox blocks of one neuron, bit for bit as philox gives them, with all state in registers: rows are
/// often short, and a call of philox_fill costs more than the blocks. first_block + 8 * Groups must not exceed 2^32.
template <std::size_t Groups>
inline void fill_blocks(Key key, std::uint64_t neuron, std::uint64_t first_block, std::uint32_t* out) noexcept {
    const __m256i multiplier_0 = _mm256_set1_epi64x(0xD2511F53LL), multiplier_1 = _mm256_set1_epi64x(0xCD9E8D57LL);
    auto k0 = static_cast<std::uint32_t>(key.value), k1 = static_cast<std::uint32_t>(key.value >> 32);
    __m256i c0[Groups], c1[Groups], c2[Groups], c3[Groups];
    for (std::size_t g = 0; g < Groups; ++g) {
        const auto start = static_cast<std::uint32_t>(first_block + 8 * g);
        c0[g] = _mm256_add_epi32(_mm256_set1_epi32(static_cast<int>(start)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
        c1[g] = _mm256_setzero_si256();
        c2[g] = _mm256_set1_epi32(static_cast<int>(static_cast<std::uint32_t>(neuron)));
        c3[g] = _mm256_set1_epi32(static_cast<int>(static_cast<std::uint32_t>(neuron >> 32)));
    }
    for (int round = 0; round < 10; ++round) {
        const __m256i round_0 = _mm256_set1_epi32(static_cast<int>(k0));
        const __m256i round_1 = _mm256_set1_epi32(static_cast<int>(k1));
        for (std::size_t g = 0; g < Groups; ++g) {
            // Products of even and odd lanes apart, then high and low halves together again.
            const __m256i even_0 = _mm256_mul_epu32(c0[g], multiplier_0);
            const __m256i odd_0 = _mm256_mul_epu32(_mm256_srli_epi64(c0[g], 32), multiplier_0);
            const __m256i even_1 = _mm256_mul_epu32(c2[g], multiplier_1);
            const __m256i odd_1 = _mm256_mul_epu32(_mm256_srli_epi64(c2[g], 32), multiplier_1);
            const __m256i high_0 = _mm256_blend_epi32(_mm256_srli_epi64(even_0, 32), odd_0, 0xAA);
            const __m256i high_1 = _mm256_blend_epi32(_mm256_srli_epi64(even_1, 32), odd_1, 0xAA);
            c0[g] = _mm256_xor_si256(_mm256_xor_si256(high_1, c1[g]), round_0);
            c1[g] = _mm256_blend_epi32(even_1, _mm256_slli_epi64(odd_1, 32), 0xAA);
            c2[g] = _mm256_xor_si256(_mm256_xor_si256(high_0, c3[g]), round_1);
            c3[g] = _mm256_blend_epi32(even_0, _mm256_slli_epi64(odd_0, 32), 0xAA);
        }
        k0 += 0x9E3779B9U;
        k1 += 0xBB67AE85U;
    }
    for (std::size_t g = 0; g < Groups; ++g) {
        const __m256i a = _mm256_unpacklo_epi32(c0[g], c1[g]), b = _mm256_unpackhi_epi32(c0[g], c1[g]);
        const __m256i c = _mm256_unpacklo_epi32(c2[g], c3[g]), d = _mm256_unpackhi_epi32(c2[g], c3[g]);
        const __m256i blocks_04 = _mm256_unpacklo_epi64(a, c), blocks_15 = _mm256_unpackhi_epi64(a, c);
        const __m256i blocks_26 = _mm256_unpacklo_epi64(b, d), blocks_37 = _mm256_unpackhi_epi64(b, d);
        auto* const to = reinterpret_cast<__m256i*>(out + 32 * g);
        _mm256_storeu_si256(to, _mm256_permute2x128_si256(blocks_04, blocks_15, 0x20));
        _mm256_storeu_si256(to + 1, _mm256_permute2x128_si256(blocks_26, blocks_37, 0x20));
        _mm256_storeu_si256(to + 2, _mm256_permute2x128_si256(blocks_04, blocks_15, 0x31));
        _mm256_storeu_si256(to + 3, _mm256_permute2x128_si256(blocks_26, blocks_37, 0x31));
    }
}

} // namespace
#endif

Overlap::Overlap(const SelectedNeurons& first, const SelectedNeurons& second) {
    if (first.size() == 0 || second.size() == 0) return;
    if (!first.list().empty() || !second.list().empty()) {
        const bool walk_first = !first.list().empty();
        for (const std::uint64_t index : walk_first ? first.list() : second.list()) {
            const std::uint64_t position = first.position(index);
            if (position != SelectedNeurons::none && second.contains(index)) {
                positions_.push_back(position);
            }
        }
        return;
    }
    // Two arithmetic progressions meet every lcm(step, step); the first meeting lies within that many after the later
    // begin.
    stride_ = second.step() / std::gcd(first.step(), second.step());
    const std::uint64_t from = first.before(second.begin());
    for (std::uint64_t j = from; j < std::min(first.size(), from + stride_); ++j) {
        if (!second.contains(first.at(j))) continue;
        const std::uint64_t end = first.before(second.at(second.size() - 1) + 1);
        first_ = j;
        progression_ = (end - j - 1) / stride_ + 1;
        return;
    }
}

std::uint64_t Overlap::before(std::uint64_t position) const noexcept {
    if (!positions_.empty()) {
        return static_cast<std::uint64_t>(std::lower_bound(positions_.begin(), positions_.end(), position) -
                                          positions_.begin());
    }
    if (position <= first_ || progression_ == 0) return 0;
    return std::min(progression_, (position - first_ - 1) / stride_ + 1);
}

void UniformPartners::words(std::uint64_t anchor, std::uint64_t first, std::size_t count, Scratch& scratch) const {
#ifdef __AVX2__
    if (first / 2 + scratch.words.size() / 4 <= std::uint64_t{1} << 32) {
        const std::size_t blocks = (count + 15) / 16 * 8;
        std::size_t done = 0;
        for (; done + 16 <= blocks; done += 16)
            fill_blocks<2>(key_, anchor, first / 2 + done, &scratch.words[4 * done]);
        if (done < blocks) fill_blocks<1>(key_, anchor, first / 2 + done, &scratch.words[4 * done]);
        return;
    }
#endif
    // Rounded up to 16 blocks, the width that philox_fill works at.
    const std::size_t padded = std::min(scratch.words.size(), (2 * count + 63) / 64 * 64);
    philox_fill(key_, anchor, first / 2, std::span(scratch.words.data(), padded));
}

std::span<const std::uint64_t> UniformPartners::draw(std::uint64_t anchor, std::uint64_t first, std::size_t count,
                                                     Scratch& scratch) const {
    words(anchor, first, count, scratch);
    const std::uint64_t own = exclude_self_ ? partners_->position(anchor) : SelectedNeurons::none;
    const std::uint64_t n = partners_->size() - (own != SelectedNeurons::none);
    const std::uint32_t* const words = scratch.words.data();
    std::uint64_t* const out = scratch.partners.data();
    std::size_t j = 0;
#ifdef __AVX2__
    if (n <= std::numeric_limits<std::uint32_t>::max()) {
        // below() for a factor of 32 bits: (high * n + (low * n >> 32)) >> 32. `own` fits in 63 bits or is -1, which as
        // a signed number nothing is below, hence the largest signed one instead.
        const __m256i factor = _mm256_set1_epi64x(static_cast<long long>(n));
        const __m256i limit = _mm256_set1_epi64x(own == SelectedNeurons::none ? std::numeric_limits<long long>::max()
                                                                              : static_cast<long long>(own) - 1);
        for (; j + 4 <= count; j += 4) {
            const __m256i bits = _mm256_load_si256(reinterpret_cast<const __m256i*>(words + 2 * j));
            const __m256i high = _mm256_mul_epu32(_mm256_srli_epi64(bits, 32), factor);
            const __m256i low = _mm256_srli_epi64(_mm256_mul_epu32(bits, factor), 32);
            const __m256i value = _mm256_srli_epi64(_mm256_add_epi64(high, low), 32);
            const __m256i stepped = _mm256_sub_epi64(value, _mm256_cmpgt_epi64(value, limit));
            _mm256_store_si256(reinterpret_cast<__m256i*>(out + j), stepped);
        }
    }
#endif
    for (; j < count; ++j) {
        const std::uint64_t value = below(words[2 * j] | std::uint64_t{words[2 * j + 1]} << 32, n);
        out[j] = value + (value >= own);
    }
    const std::span<std::uint64_t> partners(out, count);
    partners_->to_indices(partners);
    return partners;
}

std::span<const std::uint64_t> UniformPartners::distinct(std::uint64_t anchor, std::uint64_t count, std::uint64_t first,
                                                         std::size_t size, Scratch& scratch) const {
    if (first == 0) {
        std::size_t capacity = 16;
        while (capacity < 2 * count)
            capacity *= 2;
        scratch.seen.assign(capacity, 0);
    }
    const std::uint64_t own = exclude_self_ ? partners_->position(anchor) : SelectedNeurons::none;
    const std::uint64_t n = available(anchor);
    words(anchor, first, size, scratch);
    for (std::size_t j = 0; j < size; ++j) {
        const std::uint64_t top = n - count + first + j;
        const std::uint64_t bits = scratch.words[2 * j] | std::uint64_t{scratch.words[2 * j + 1]} << 32;
        std::uint64_t value = below(bits, top + 1);
        if (!insert(scratch.seen, value)) insert(scratch.seen, value = top);
        scratch.partners[j] = value + (value >= own);
    }
    const std::span<std::uint64_t> partners(scratch.partners.data(), size);
    partners_->to_indices(partners);
    return partners;
}

bool UniformPartners::insert(std::vector<std::uint64_t>& seen, std::uint64_t value) {
    const std::size_t mask = seen.size() - 1;
    std::size_t slot = mix64(value) & mask;
    while (seen[slot] != 0) {
        if (seen[slot] == value + 1) return false;
        slot = (slot + 1) & mask;
    }
    seen[slot] = value + 1;
    return true;
}

void philox_blocks(Key key, std::uint64_t neuron, std::span<const std::uint64_t> blocks,
                   std::span<std::uint32_t> out) noexcept {
    constexpr std::size_t lanes = 16; // plain loops, which the compiler makes vectors of
    for (std::size_t done = 0; done < blocks.size(); done += lanes) {
        alignas(64) std::uint32_t c0[lanes], c1[lanes], c2[lanes], c3[lanes];
        for (std::size_t j = 0; j < lanes; ++j) {
            c0[j] = static_cast<std::uint32_t>(blocks[done + j]);
            c1[j] = static_cast<std::uint32_t>(blocks[done + j] >> 32);
            c2[j] = static_cast<std::uint32_t>(neuron);
            c3[j] = static_cast<std::uint32_t>(neuron >> 32);
        }
        auto k0 = static_cast<std::uint32_t>(key.value), k1 = static_cast<std::uint32_t>(key.value >> 32);
        for (int round = 0; round < 10; ++round) {
            for (std::size_t j = 0; j < lanes; ++j) {
                const std::uint64_t p0 = std::uint64_t{0xD2511F53U} * c0[j];
                const std::uint64_t p1 = std::uint64_t{0xCD9E8D57U} * c2[j];
                c0[j] = static_cast<std::uint32_t>(p1 >> 32) ^ c1[j] ^ k0;
                c1[j] = static_cast<std::uint32_t>(p1);
                c2[j] = static_cast<std::uint32_t>(p0 >> 32) ^ c3[j] ^ k1;
                c3[j] = static_cast<std::uint32_t>(p0);
            }
            k0 += 0x9E3779B9U;
            k1 += 0xBB67AE85U;
        }
        for (std::size_t j = 0; j < lanes; ++j) {
            std::uint32_t* const to = out.data() + 4 * (done + j);
            to[0] = c0[j];
            to[1] = c1[j];
            to[2] = c2[j];
            to[3] = c3[j];
        }
    }
}

Skipper::Skipper(double p) : all_(p >= 1.0), inverse_log_(all_ ? 0.0 : 1.0 / math::log1p(-p)) {}

double Skipper::gap(std::uint64_t word) const noexcept {
    return math::log(open_unit(word)) * inverse_log_;
}

double tail_bound(double mean, double cells) {
    if (!(mean > 0.0) || !(cells > 0.0)) return 0.0;
    const double needed = math::log(cells) + 27.7; // log(1e12) = 27.63
    const auto exponent = [mean](double x) { return x * math::log(x / mean) - x + mean; };
    double low = mean, high = 2.0 * mean + 2.0 * needed;
    while (exponent(high) < needed)
        high *= 2.0;
    for (int i = 0; i < 60; ++i) {
        const double middle = 0.5 * (low + high);
        (exponent(middle) < needed ? low : high) = middle;
    }
    return std::ceil(high);
}

RuleBase::RuleBase(const RuleContext& context)
    : context_(context),
      sources_(context.projection.source, context.experiment.populations[context.source_population].size),
      targets_(context.projection.target, context.experiment.populations[context.target_population].size) {
    const Population& source = context.experiment.populations[context.source_population];
    const Population& target = context.experiment.populations[context.target_population];
    if (source.positions.kind == Positions::Kind::none || target.positions.kind == Positions::Kind::none) return;
    const std::uint64_t seed = context.experiment.simulation.seed;
    source_positions_ = std::make_unique<PositionDirectory>(seed, source);
    target_positions_ = std::make_unique<PositionDirectory>(seed, target);
}

double RuleBase::distance(std::uint64_t source, std::uint64_t target) const {
    if (!source_positions_) return 0.0;
    return source_positions_->distance(source_positions_->position(source), target_positions_->position(target));
}

Key RuleBase::key(Purpose purpose) const {
    return make_key(context_.experiment.simulation.seed, purpose, context_.projection.name);
}

std::vector<OwnTarget> RuleBase::own_targets(WorkerId worker) const {
    std::vector<OwnTarget> own;
    const std::uint64_t count = context_.partition.count(worker, context_.target_population);
    own.reserve(std::min(count, targets_.size()));
    for (std::uint64_t local = 0; local < count; ++local) {
        const std::uint64_t index = context_.partition.index(worker, context_.target_population, local);
        const std::uint64_t position = targets_.position(index);
        if (position != SelectedNeurons::none) own.push_back({index, local, position});
    }
    const auto by_index = [](const OwnTarget& a, const OwnTarget& b) { return a.index < b.index; };
    if (!std::is_sorted(own.begin(), own.end(), by_index)) std::sort(own.begin(), own.end(), by_index);
    return own;
}

void RuleBase::refuse(const std::string& message, const std::string& remedy) const {
    const std::string path = context_.projection.path + ".rule";
    throw InputError(Diagnostic{context_.experiment.where(path), path, message, remedy});
}

void RuleBase::require_multapses(const char* rule_name) const {
    if (rule().allow_multapses) return;
    refuse(std::string("allow_multapses = false, but ") + rule_name + " has no variant without multapses",
           "leave out allow_multapses, or use pairwise_bernoulli, which gives at most one synapse a pair");
}

} // namespace spikecast::rules
