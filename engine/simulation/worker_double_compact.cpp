#include "engine/simulation/worker.hpp"

namespace spikecast {

template class Worker<double, std::int16_t>;

} // namespace spikecast
