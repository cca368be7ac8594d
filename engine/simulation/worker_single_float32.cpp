#include "engine/simulation/worker.hpp"

namespace spikecast {

template class Worker<float, float>;

} // namespace spikecast
