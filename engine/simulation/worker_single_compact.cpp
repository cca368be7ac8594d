#include "engine/simulation/worker.hpp"

namespace spikecast {

template class Worker<float, std::int16_t>;

} // namespace spikecast
