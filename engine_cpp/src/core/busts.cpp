#include "busts.hpp"

#include <algorithm>

namespace exchange::engine {
namespace {

// Every field, in the order in which it is saved: the same for a writer and a reader.
template <class Bust, class Visit>
void for_each_field(Bust& b, Visit visit) {
  visit(b.engine_seq, b.trade.trade_id, b.trade.maker_account_id, b.trade.taker_account_id, b.trade.price,
        b.trade.quantity, b.trade.maker_fee, b.trade.taker_fee, b.trade.value_time_ns, b.trade.instrument_id,
        b.trade.value_date, b.trade.taker_side);
}

}  // namespace

Slot Busts::find(std::uint64_t trade_id) const noexcept {
  return by_trade_.find(spread(trade_id), [&](Slot slot) { return busts_[slot].trade.trade_id == trade_id; });
}

void Busts::begin(const RememberedBust& bust, std::uint64_t last_order_id) {
  assert(has_room());
  unfinished_.push_back({.bust = remember(bust), .last_order_id = last_order_id});
}

Slot Busts::remember(const RememberedBust& bust) noexcept {
  assert(find(bust.trade.trade_id) == kNil);
  const Slot slot = busts_.take();
  busts_[slot] = bust;
  by_trade_.insert(spread(bust.trade.trade_id), slot);
  return slot;
}

bool Busts::concern(std::uint64_t account_id) const noexcept {
  return std::ranges::any_of(unfinished_, [&](const BustTask& task) {
    const BustedTrade& trade = busts_[task.bust].trade;
    return trade.maker_account_id == account_id || trade.taker_account_id == account_id;
  });
}

bool Busts::concern(std::uint32_t instrument_id, std::uint32_t value_date) const noexcept {
  return std::ranges::any_of(unfinished_, [&](const BustTask& task) {
    const BustedTrade& trade = busts_[task.bust].trade;
    return trade.instrument_id == instrument_id && trade.value_date == value_date;
  });
}

void Busts::save(StateWriter& out) const {
  out.put(busts_.size());
  for (Slot slot = 0; slot < busts_.size(); ++slot) {
    for_each_field(busts_[slot], [&](const auto&... fields) { out.put(fields...); });
  }
  out.put(static_cast<std::uint32_t>(unfinished_.size()));
  for (const BustTask& t : unfinished_) out.put(t.bust, t.last_order_id, t.cancelled, t.accounts_done);
}

bool Busts::load(StateReader& in, std::uint64_t last_seq) {
  const std::uint32_t count = in.get_count(busts_.room());
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
    RememberedBust bust;
    for_each_field(bust, [&](auto&... fields) { in.get(fields...); });
    in.require(is_between(bust.trade.taker_side, Side::kBuy, Side::kSell) && bust.engine_seq <= last_seq);
    if (!in.ok() || find(bust.trade.trade_id) != kNil) return false;
    remember(bust);
  }
  return in.ok() && load_unfinished(in);
}

// They were remembered last, in the order in which they wait.
bool Busts::load_unfinished(StateReader& in) {
  const std::uint32_t count = in.get_count(std::min<std::uint32_t>(kMaxUnfinished, busts_.size()));
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
    BustTask t;
    in.get(t.bust, t.last_order_id, t.cancelled, t.accounts_done);
    in.require(t.bust == busts_.size() - count + i && t.accounts_done <= 2);
    if (in.ok()) unfinished_.push_back(t);
  }
  return in.ok();
}

bool Busts::are_numbered(std::uint64_t before, std::uint64_t last) const noexcept {
  for (Slot slot = 0; slot < busts_.size(); ++slot) {
    if (busts_[slot].trade.trade_id <= before || busts_[slot].trade.trade_id > last) return false;
  }
  return true;
}

}  // namespace exchange::engine
