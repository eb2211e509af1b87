#include "unsettled.hpp"

#include <algorithm>
#include <utility>

namespace exchange::engine {
namespace {

// Moves an amount from one net to another one; neither goes further than amounts do.
void move(std::int64_t& from, std::int64_t& to, std::int64_t amount) noexcept {
  const std::int64_t moved = std::min({amount, kMaxAmount + from, kMaxAmount - to});
  from -= moved;
  to += moved;
}

bool is_amount(std::int64_t amount) noexcept { return amount >= -kMaxAmount && amount <= kMaxAmount; }

}  // namespace

Unsettled::Unsettled(const Limits& limits)
    : records_(limits.unsettled),
      by_key_(limits.unsettled),
      by_account_(limits.accounts),
      by_instrument_(limits.instruments),
      dates_(limits.instruments) {}

Slot Unsettled::find(Slot account, Slot instrument) const noexcept {
  return by_key_.find(tag_of(account, instrument), [&](Slot slot) {
    return records_[slot].account == account && records_[slot].instrument == instrument;
  });
}

Slot Unsettled::obtain(Slot account, Slot instrument) noexcept {
  if (const Slot known = find(account, instrument); known != kNil) return known;
  const Slot slot = records_.take();
  records_[slot].account = account;
  records_[slot].instrument = instrument;
  Chain& own = by_account_[account];
  Chain& all = by_instrument_[instrument];
  (own.last == kNil ? own.first : records_[own.last].next_of_account) = slot;
  (all.last == kNil ? all.first : records_[all.last].next_of_instrument) = slot;
  own.last = all.last = slot;
  by_key_.insert(tag_of(account, instrument), slot);
  return slot;
}

Reason Unsettled::check_value_date(Slot instrument, std::uint32_t value_date) const noexcept {
  const ValueDates& d = dates_[instrument];
  if (value_date <= d.last()) return Reason::kDateNotAfterLast;
  return d.open == kOpenValueDates ? Reason::kEngineFull : Reason::kNone;
}

void Unsettled::set_value_date(Slot instrument, std::uint32_t value_date) noexcept {
  ValueDates& d = dates_[instrument];
  assert(d.open < kOpenValueDates);
  d.dates[d.place(d.open++)] = value_date;
}

std::optional<std::uint32_t> Unsettled::place_of(Slot instrument, std::uint32_t value_date) const noexcept {
  const ValueDates& d = dates_[instrument];
  for (std::uint32_t at = 0; at < d.open; ++at) {
    if (d.nth(at) == value_date) return d.place(at);
  }
  return {};
}

bool Unsettled::is_open(Slot instrument, std::uint32_t value_date) const noexcept {
  return place_of(instrument, value_date) && !is_delivered(instrument, value_date);
}

void Unsettled::trade(Slot buyer, Slot seller, std::uint32_t value_date, std::int64_t base,
                      std::int64_t quote) noexcept {
  if (buyer == seller) return;
  const auto place = place_of(records_[buyer].instrument, value_date);
  assert(place);
  UnsettledNet& buys = records_[buyer].nets[*place];
  UnsettledNet& sells = records_[seller].nets[*place];
  move(sells.base, buys.base, base);
  move(buys.quote, sells.quote, quote);
}

bool Unsettled::is_delivered(Slot instrument, std::uint32_t value_date) const noexcept {
  const ValueDates& d = dates_[instrument];
  for (std::uint32_t at = 0; at < d.delivering; ++at) {
    if (d.nth(at) == value_date) return true;
  }
  return value_date == d.delivered;
}

Reason Unsettled::check_delivery(Slot instrument, std::uint32_t value_date) const noexcept {
  const ValueDates& d = dates_[instrument];
  if (value_date < d.delivered) return Reason::kDateNotAfterLast;
  const bool is_next = d.delivering + 1 < d.open && d.nth(d.delivering) == value_date;
  return is_next ? Reason::kNone : Reason::kInvalidField;
}

std::uint32_t Unsettled::collect(Slot& next, std::uint32_t most, std::vector<Slot>& out) const {
  std::uint32_t visited = 0;
  for (; visited < most && next != kNil; ++visited) {
    const UnsettledRecord& record = records_[next];
    if (record.nets[dates_[record.instrument].first] != UnsettledNet{}) out.push_back(next);
    next = record.next_of_instrument;
  }
  return visited;
}

UnsettledNet Unsettled::deliver(Slot slot) noexcept {
  UnsettledRecord& record = records_[slot];
  return std::exchange(record.nets[dates_[record.instrument].first], {});
}

void Unsettled::end_delivery(Slot instrument) noexcept {
  ValueDates& d = dates_[instrument];
  assert(d.delivering > 0 && d.open > 1);
  d.delivered = d.nth(0);
  d.first = d.place(1);
  --d.open;
  --d.delivering;
}

bool Unsettled::is_delivered_before(Slot instrument, Slot slot) const noexcept {
  for (Slot at = first_of_instrument(instrument); at != slot; at = records_[at].next_of_instrument) {
    if (at == kNil || records_[at].nets[dates_[instrument].first] != UnsettledNet{}) return false;
  }
  return true;
}

// From the last date back: what is to be given before a date does not lessen what is to be received from it on.
std::int64_t Unsettled::of(Slot account, Slot asset, const Instruments& instruments) const {
  std::vector<std::pair<std::uint32_t, std::int64_t>> due;
  for (Slot slot = by_account_[account].first; slot != kNil; slot = records_[slot].next_of_account) {
    const UnsettledRecord& record = records_[slot];
    const Instrument& instrument = instruments[record.instrument];
    if (instrument.base != asset && instrument.quote != asset) continue;
    const ValueDates& d = dates_[record.instrument];
    for (std::uint32_t at = 0; at < d.open; ++at) {
      const UnsettledNet& net = record.nets[d.place(at)];
      due.emplace_back(d.nth(at), instrument.base == asset ? net.base : net.quote);
    }
  }
  std::ranges::sort(due, std::ranges::greater{});
  Int128 sum = 0;
  Int128 most = 0;
  for (std::size_t i = 0; i < due.size(); ++i) {
    sum += due[i].second;
    const bool date_ends = i + 1 == due.size() || due[i + 1].first != due[i].first;
    if (date_ends) most = std::max(most, sum);
  }
  return static_cast<std::int64_t>(std::min<Int128>(most, kMaxAmount));
}

void Unsettled::save(StateWriter& out, std::uint32_t instruments) const {
  for (Slot slot = 0; slot < instruments; ++slot) {
    const ValueDates& d = dates_[slot];
    out.put(d.delivered, d.open);
    for (std::uint32_t at = 0; at < d.open; ++at) out.put(d.nth(at));
  }
  out.put(records_.size());
  for (Slot slot = 0; slot < records_.size(); ++slot) {
    const UnsettledRecord& record = records_[slot];
    const ValueDates& d = dates_[record.instrument];
    out.put(record.account, record.instrument);
    for (std::uint32_t at = 0; at < d.open; ++at) out.put(record.nets[d.place(at)].base, record.nets[d.place(at)].quote);
  }
}

bool Unsettled::load(StateReader& in, const Instruments& instruments, std::uint32_t accounts) {
  if (!load_dates(in, instruments)) return false;
  const std::uint32_t count = in.get_count(records_.room());
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
    if (!load_record(in, instruments, accounts)) return false;
  }
  return in.ok();
}

bool Unsettled::load_dates(StateReader& in, const Instruments& instruments) {
  for (Slot slot = 0; in.ok() && slot < instruments.size(); ++slot) {
    ValueDates& d = dates_[slot];
    std::uint32_t open = 0;
    in.get(d.delivered, open);
    in.require(open <= kOpenValueDates && (d.delivered == 0 || open > 0) && (open == 0 || instruments[slot].delayed));
    std::uint32_t before = d.delivered;
    for (std::uint32_t at = 0; in.ok() && at < open; ++at) {
      std::uint32_t date = 0;
      in.get(date);
      in.require(is_date(date) && date > before);
      before = date;
      if (in.ok()) set_value_date(slot, date);
    }
  }
  return in.ok();
}

bool Unsettled::load_record(StateReader& in, const Instruments& instruments, std::uint32_t accounts) {
  Slot account = kNil;
  Slot instrument = kNil;
  in.get(account, instrument);
  in.require(account < accounts && instrument < instruments.size() && instruments[instrument].delayed);
  if (!in.ok() || find(account, instrument) != kNil) return false;
  UnsettledRecord& record = records_[obtain(account, instrument)];
  for (std::uint32_t at = 0; at < dates_[instrument].open; ++at) {
    UnsettledNet& net = record.nets[at];
    in.get(net.base, net.quote);
    in.require(is_amount(net.base) && is_amount(net.quote));
  }
  return in.ok();
}

bool Unsettled::consistent(std::uint32_t instruments) const {
  for (Slot instrument = 0; instrument < instruments; ++instrument) {
    const ValueDates& d = dates_[instrument];
    for (std::uint32_t at = d.delivering > 0 ? 1 : 0; at < kOpenValueDates; ++at) {
      Int128 base = 0;
      Int128 quote = 0;
      for (Slot slot = first_of_instrument(instrument); slot != kNil; slot = records_[slot].next_of_instrument) {
        const UnsettledNet& net = records_[slot].nets[d.place(at)];
        if (at >= d.open && net != UnsettledNet{}) return false;
        base += net.base;
        quote += net.quote;
      }
      if (base != 0 || quote != 0) return false;
    }
  }
  return true;
}

}  // namespace exchange::engine
