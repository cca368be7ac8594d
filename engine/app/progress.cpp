#include "engine/app/progress.hpp"

#include <fmt/core.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace spikecast {

namespace {

/// 1234567 -> "1.23 M"
std::string scaled(double value) {
    constexpr std::array<const char*, 5> prefixes{"", " k", " M", " G", " T"};
    std::size_t p = 0;
    while (std::abs(value) >= 1000.0 && p + 1 < prefixes.size()) {
        value /= 1000.0;
        ++p;
    }
    return fmt::format("{:.3g}{}", value, prefixes[p]);
}

} // namespace

std::string duration_text(double seconds) {
    if (!(seconds < 1e9)) return "very long";
    if (seconds < 9.95) return fmt::format("{:.1f} s", std::max(seconds, 0.0));
    const auto s = static_cast<long>(std::lround(seconds));
    if (s < 60) return fmt::format("{} s", s);
    if (s < 3600) return fmt::format("{} min {} s", s / 60, s % 60);
    return fmt::format("{} h {} min", s / 3600, s / 60 % 60);
}

Progress::Progress(std::string label, double total, std::string unit, bool quiet, std::FILE* out)
    : label_(std::move(label)), total_(total), unit_(std::move(unit)), quiet_(quiet), out_(out),
      terminal_(!quiet && isatty(fileno(out)) == 1), start_(Clock::now()), printed_(start_) {}

Progress::~Progress() {
    if (open_) {
        std::fputc('\n', out_);
        std::fflush(out_);
    }
}

void Progress::update(double done, double total) {
    if (quiet_) return;
    total_ = total;
    counted_ = true;
    const auto now = Clock::now();
    const std::chrono::duration<double> since = now - printed_, spent = now - start_;
    if (since.count() < (terminal_ ? 0.1 : 10.0) || !(done > 0.0) || !(total > 0.0)) return;
    printed_ = now;
    const double rate = done / spent.count();
    const double fraction = std::min(1.0, done / total);
    print(fmt::format("{}: {:3.0f} %, {} {}/s, {} left", label_, 100.0 * fraction, scaled(rate), unit_,
                      duration_text(std::max(0.0, total - done) / rate)),
          false);
}

void Progress::finish() {
    if (quiet_) return;
    const std::chrono::duration<double> spent = Clock::now() - start_;
    const std::string amount = counted_ ? fmt::format(", {} {}", scaled(total_), unit_) : "";
    print(fmt::format("{}: done{} in {}", label_, amount, duration_text(spent.count())), true);
}

void Progress::print(const std::string& text, bool last) {
    if (terminal_) {
        // Back to the margin, the text cut to 79 columns so that it never wraps, the rest of the old line erased.
        fmt::print(out_, "\r{}\x1b[K{}", text.substr(0, 79), last ? "\n" : "");
        open_ = !last;
    } else {
        fmt::print(out_, "{}\n", text);
    }
    std::fflush(out_);
}

} // namespace spikecast
