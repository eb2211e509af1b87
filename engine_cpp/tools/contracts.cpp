#include "contracts.hpp"

asm(".section .rodata\n"
    ".global exchange_contracts_begin\n"
    ".global exchange_contracts_end\n"
    "exchange_contracts_begin:\n"
    ".incbin \"" EXCHANGE_CONTRACTS "\"\n"
    "exchange_contracts_end:\n"
    ".byte 0\n"
    ".section .text\n");

extern "C" const char exchange_contracts_begin[];
extern "C" const char exchange_contracts_end[];

namespace exchange::engine::tools {

std::string_view contracts() noexcept { return {exchange_contracts_begin, exchange_contracts_end}; }

}  // namespace exchange::engine::tools
