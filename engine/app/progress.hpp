// Progress of a long phase, for people: one line that updates on a terminal, plain lines now and then in a log.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

namespace spikecast {

class Progress {
public:
    /// total and unit are of whatever is counted ("synapses", "ms"). quiet: says nothing at all (also the choice for
    /// all ranks but one). Writes to stderr, so that a report on stdout stays clean.
    Progress(std::string label, double total, std::string unit, bool quiet, std::FILE* out = stderr);
    /// Ends the line where finish() wasn't reached.
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// So much is done. Cheap enough to be called often: prints at most every 0.1 s on a terminal, every 10 s
    /// elsewhere.
    void update(double done) { update(done, total_); }
    void update(double done, double total);
    /// All is done: a last line with the time it took.
    void finish();

private:
    using Clock = std::chrono::steady_clock;
    void print(const std::string& text, bool last);

    std::string label_;
    double total_;
    std::string unit_;
    bool quiet_;
    std::FILE* out_;
    bool terminal_;
    bool counted_ = false;
    bool open_ = false; ///< a line without its end is on the terminal
    Clock::time_point start_, printed_;
};

/// 3 s, 2 min 5 s, 3 h 20 min
[[nodiscard]] std::string duration_text(double seconds);

} // namespace spikecast
