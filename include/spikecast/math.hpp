// exp, log and friends that give the same bits on every processor and at every vector width: only IEEE additions,
// multiplications, divisions and square roots, in a fixed order, compiled with -ffp-contract=off. Nothing that reaches
// state, weights or draws calls libm (docs/reproducibility.md). Measured errors in ulp are in the docs and asserted in
// tests/core/math_test.cpp.
#pragma once

namespace spikecast::math {

[[nodiscard]] double exp(double x) noexcept; ///< <= 1 ulp; 0 below -745.2, inf above 709.8
[[nodiscard]] double expm1(double x) noexcept;
[[nodiscard]] double log(double x) noexcept;           ///< x > 0
[[nodiscard]] double log1p(double x) noexcept;         ///< x > -1
[[nodiscard]] double pow(double x, double y) noexcept; ///< x > 0
[[nodiscard]] double lgamma(double x) noexcept;        ///< x > 0
[[nodiscard]] double erfc(double x) noexcept;
[[nodiscard]] double normal_cdf(double z) noexcept;
[[nodiscard]] double normal_quantile(double p) noexcept; ///< 0 < p < 1; inverse of normal_cdf
[[nodiscard]] double sin_turns(double x) noexcept;       ///< sin(2 pi x): whole turns come off without rounding

} // namespace spikecast::math
