#include "sweeps.hpp"

namespace exchange::engine {

void Sweeps::save(StateWriter& out, std::uint32_t instruments) const {
  for (Slot slot = 0; slot < instruments; ++slot) {
    const LastSweeps& l = last_[slot];
    out.put(l.settlement_price, l.long_price, l.short_price, l.final_price, l.settled, l.rolled, l.expired);
  }
  out.put(static_cast<std::uint32_t>(unfinished_.size()));
  for (const Sweep& s : unfinished_) {
    out.put(s.kind, s.orders_gone, s.is_begun, s.trading_date, s.price, s.short_price, s.quantity, s.instrument, s.next,
            s.account, s.positions);
  }
}

bool Sweeps::load(StateReader& in, std::uint32_t instruments, std::uint32_t accounts, std::uint32_t positions,
                  std::uint32_t unsettled) {
  for (Slot slot = 0; slot < instruments; ++slot) {
    LastSweeps& l = last_[slot];
    in.get(l.settlement_price, l.long_price, l.short_price, l.final_price, l.settled, l.rolled, l.expired);
  }
  const std::uint32_t count = in.get_count(kMaxUnfinished);
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
    Sweep s;
    in.get(s.kind, s.orders_gone, s.is_begun, s.trading_date, s.price, s.short_price, s.quantity, s.instrument, s.next,
           s.account, s.positions);
    in.require(is_between(s.kind, SweepKind::kSettle, SweepKind::kDeliver) && s.instrument < instruments);
    in.require(s.next == kNil || s.next < (s.kind == SweepKind::kDeliver ? unsettled : positions));
    in.require(s.kind == SweepKind::kExercise ? s.account < accounts && s.quantity > 0 : s.account == kNil);
    if (in.ok()) begin(s);
  }
  return in.ok();
}

}  // namespace exchange::engine
