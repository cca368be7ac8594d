#include "engine/experiment/quantity.hpp"

#include <cmath>

#include <gtest/gtest.h>

using namespace spikecast;

namespace {

double value(const std::string& text, const std::string& unit, const Constants& constants = {}) {
    return in_unit(evaluate(text, constants), unit, text);
}

} // namespace

// Conversions are one correctly rounded operation, so these are equalities.
TEST(Quantity, a_change_of_prefix_rounds_once) {
    EXPECT_EQ(value("0.1 ms", "ms"), 0.1);
    EXPECT_EQ(value("1.5 s", "ms"), 1500.0);
    EXPECT_EQ(value("300 us", "ms"), 0.3);
    EXPECT_EQ(value("8 Hz * 1600", "Hz"), 12800.0);
    EXPECT_EQ(value("0.3 nF", "pF"), 300.0);
    EXPECT_EQ(value("87.81 pA", "pA"), 87.81);
    EXPECT_EQ(value("1 GOhm", "MOhm"), 1000.0);
    EXPECT_EQ(value("0.1 ms/um", "ms/um"), 0.1);
}

TEST(Quantity, arithmetic_follows_the_usual_precedence) {
    EXPECT_EQ(value("1 + 2 * 3", "1"), 7.0);
    EXPECT_EQ(value("-2^2", "1"), -4.0);
    EXPECT_EQ(value("2^3^2", "1"), 512.0);
    EXPECT_EQ(value("(1 + 2) * 3 / 4", "1"), 2.25);
    EXPECT_EQ(value("8 - 4 - 2", "1"), 2.0);
    EXPECT_EQ(value("max(1, 3, 2) - min(4, 2)", "1"), 1.0);
    EXPECT_EQ(value("1 / 10 ms", "Hz"), 100.0); // a unit belongs to the number before it
}

TEST(Quantity, dimensions_combine) {
    EXPECT_DOUBLE_EQ(value("250 pF / 10 ms", "nS"), 25.0);
    EXPECT_DOUBLE_EQ(value("1 nS * 10 mV", "pA"), 10.0);
    EXPECT_DOUBLE_EQ(value("sqrt(4 mV * 9 mV)", "mV"), 6.0);
    EXPECT_DOUBLE_EQ(value("8 Hz * 87.81 pA * 0.5 ms", "pA"), 8 * 87.81 * 0.5e-3);
    EXPECT_DOUBLE_EQ(value("10 ms / 1 ms", "1"), 10.0);
}

TEST(Quantity, constants_hide_units_and_carry_their_own) {
    const Constants constants{{"C", evaluate("0.1", {})}, {"w", evaluate("2 pA", {})}};
    EXPECT_EQ(value("2 * w", "pA", constants), 4.0);
    // N = M = 100; the tolerance is the digits that 1 - 1e-4 loses: 2^-53 / 1e-4.
    EXPECT_NEAR(value("ln(1-C)/ln(1-1/(100*100))", "1", constants), std::log1p(-0.1) / std::log1p(-1e-4),
                1053.6 * 3e-12);
}

TEST(Quantity, a_plain_number_means_the_documented_unit_but_a_ratio_of_units_does_not) {
    EXPECT_EQ(value("3", "mV"), 3.0);
    EXPECT_THROW((void)value("3 ms / 1 ms", "mV"), QuantityError);
    EXPECT_THROW((void)value("3 ms", "1"), QuantityError);
}

TEST(Quantity, nonsense_is_refused) {
    for (const char* text : {"", "1 +", "(1", "1)", "1 ms + 1 mV", "2 ** 3", "exp(1 ms)", "exp(1, 2)", "ln(0)",
                             "sqrt(-1)", "furlong", "3 furlong", "f(1)", "1..2", "2 ^ (1 ms)", "(-1)^0.5", "1 ms ms2"})
        EXPECT_THROW((void)evaluate(text, {}), QuantityError) << text;
    EXPECT_THROW((void)evaluate(std::string(100000, '('), {}), QuantityError);
    EXPECT_THROW((void)evaluate(std::string(100000, '-'), {}), QuantityError);
}

TEST(Suggestion, a_transposition_is_one_edit) {
    EXPECT_EQ(edit_distance("rate", "raet"), 1U);
    EXPECT_EQ(edit_distance("C_m", "C_n"), 1U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(suggestion("resolutoin", {"duration", "resolution"}), "did you mean 'resolution'?");
    EXPECT_EQ(suggestion("xyz", {"duration", "resolution"}), "known are: duration, resolution");
}
