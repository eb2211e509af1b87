// What it takes to read and write the numbers of instruments.
//
// Invariants:
//   1. An instrument is never taken away, and its number, symbol and scales never change: pointers stay good.
//
// Threads: one writer, and no reader meanwhile.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace exchange::codec {

inline constexpr unsigned kMaxScale = 18;

struct Instrument {
  std::uint32_t instrument_id = 0;
  std::string symbol;
  unsigned price_scale = 0;
  unsigned quantity_scale = 0;
  unsigned quote_scale = 0;
};

class Instruments {
 public:
  // Tells of an instrument; of one that is known already nothing changes.
  void know(Instrument instrument);
  // nullptr if it is not known.
  [[nodiscard]] const Instrument* with_symbol(std::string_view symbol) const;
  [[nodiscard]] const Instrument* with_id(std::uint32_t instrument_id) const;

 private:
  std::deque<Instrument> all_;
  std::unordered_map<std::string_view, const Instrument*> by_symbol_;
  std::unordered_map<std::uint32_t, const Instrument*> by_id_;
};

}  // namespace exchange::codec
