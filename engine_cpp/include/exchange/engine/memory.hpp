// Memory that is reserved, and taken only as it is touched.
#pragma once

namespace exchange::engine {

// Takes all memory that the process has reserved so far, in large pages where it asked for them. False if the system
// does not allow it: then pages come one by one, as they are touched.
bool populate_memory() noexcept;

}  // namespace exchange::engine
