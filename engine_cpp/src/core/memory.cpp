#include "exchange/engine/memory.hpp"

#include <sys/mman.h>

namespace exchange::engine {

bool populate_memory() noexcept { return mlockall(MCL_CURRENT) == 0 && munlockall() == 0; }

}  // namespace exchange::engine
