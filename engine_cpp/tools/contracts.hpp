// The contracts as a serialized `FileDescriptorSet`, part of the program: what it prints is named as they name it.
#pragma once

#include <string_view>

namespace exchange::engine::tools {

std::string_view contracts() noexcept;

}  // namespace exchange::engine::tools
