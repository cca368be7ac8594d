// Signals that ask a run to end in order, as batch systems and people at terminals send them.
#pragma once

#include <string>

namespace spikecast {

/// From here on SIGUSR1, SIGTERM and SIGINT only leave a note, which ranks read when they meet; a second SIGINT ends
/// the program at once, as ever. Writing beyond a limit on the size of files (SIGXFSZ) or to a closed pipe (SIGPIPE)
/// becomes an error of the write.
void catch_signals();
/// The first signal that came, 0 for none.
[[nodiscard]] int signal_that_came() noexcept;
/// "SIGTERM"
[[nodiscard]] std::string signal_name(int signal);

} // namespace spikecast
