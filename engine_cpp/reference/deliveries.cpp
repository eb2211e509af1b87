// Securities that settle after the trade, in the naive engine: everything is added up anew whenever it is asked for.
#include <algorithm>

#include "engine.hpp"

namespace exchange::engine::reference {
namespace {

constexpr std::size_t kOpenDates = 8;

bool is_date(std::uint32_t date) { return date >= 19'700'101 && date <= 99'991'231; }

}  // namespace

Result Engine::on(const SetValueDate& c) {
  const auto found = instruments_.find(c.instrument_id);
  if (found == instruments_.end()) return {now_.engine_seq, Reason::kUnknownInstrument};
  Instrument& i = found->second;
  const bool later = i.definition.terms.delayed_settlement;
  if (!later || !is_date(c.value_date)) return {now_.engine_seq, Reason::kInvalidField};
  const std::uint32_t last = i.unsettled.empty() ? 0 : i.unsettled.rbegin()->first;
  if (c.value_date == last) return {now_.engine_seq};
  if (c.value_date < last) return {now_.engine_seq, Reason::kDateNotAfterLast};
  if (i.unsettled.size() == kOpenDates) return {now_.engine_seq, Reason::kEngineFull};
  i.unsettled[c.value_date];
  events_->value_date_changed(c.instrument_id, c.value_date);
  return {now_.engine_seq};
}

Result Engine::on(const DeliverTrades& c) {
  const auto found = instruments_.find(c.instrument_id);
  if (found == instruments_.end()) return {now_.engine_seq, Reason::kUnknownInstrument};
  Instrument& i = found->second;
  const bool later = i.definition.terms.delayed_settlement;
  if (!later || !is_date(c.value_date)) return {now_.engine_seq, Reason::kInvalidField};
  if (c.value_date == i.delivered || i.delivering.contains(c.value_date)) return {now_.engine_seq};
  if (c.value_date < i.delivered) return {now_.engine_seq, Reason::kDateNotAfterLast};
  const auto next = std::ranges::find_if(i.unsettled, [&](const auto& day) { return !i.delivering.contains(day.first); });
  const bool oldest = next != i.unsettled.end() && next->first == c.value_date;
  if (!oldest || c.value_date == i.unsettled.rbegin()->first) return {now_.engine_seq, Reason::kInvalidField};
  i.delivering.insert(c.value_date);
  sweeps_.push_back({Sweep::kDeliver, c.instrument_id, c.value_date});
  go_on_sweeping();
  return {now_.engine_seq};
}

bool Engine::deliver(Sweep& s) {
  Instrument& i = instruments_.at(s.instrument_id);
  auto& day = i.unsettled.at(s.trading_date);
  std::vector<std::uint64_t> accounts;
  for (; sweeps_left_ > 0 && s.next < i.holders.size(); --sweeps_left_, ++s.next) {
    const auto net = day.find(i.holders[s.next]);
    if (net == day.end() || (net->second.base == 0 && net->second.quote == 0)) continue;
    accounts.push_back(net->first);
  }
  s.positions += static_cast<std::uint32_t>(accounts.size());
  const bool done = s.next == i.holders.size();
  events_->trades_delivered({s.instrument_id, 0, s.trading_date, s.positions, done});
  for (const std::uint64_t account : accounts) {
    events_->unsettled_delivered({account, s.instrument_id, s.trading_date, i.definition.base.asset_id,
                                  static_cast<std::int64_t>(day[account].base), i.definition.quote.asset_id,
                                  static_cast<std::int64_t>(day[account].quote), next_private_event(account)});
    day.erase(account);
  }
  if (!done) return false;
  i.unsettled.erase(s.trading_date);
  i.delivering.erase(s.trading_date);
  i.delivered = s.trading_date;
  return true;
}

void Engine::settle_later(Instrument& i, std::uint32_t date, std::uint64_t buyer, std::uint64_t seller,
                          std::int64_t base, std::int64_t quote) {
  auto& day = i.unsettled.at(date);
  day[buyer].base += base;
  day[buyer].quote -= quote;
  day[seller].base -= base;
  day[seller].quote += quote;
}

// What would be left if everything that is to be received from some date on never came.
std::int64_t Engine::transferable(std::uint64_t account_id, std::uint32_t asset_id) const {
  std::map<std::uint32_t, Wide> received;
  for (const auto& [id, i] : instruments_) {
    for (const auto& [date, day] : i.unsettled) {
      const auto net = day.find(account_id);
      if (net == day.end()) continue;
      if (i.definition.base.asset_id == asset_id) received[date] += net->second.base;
      if (i.definition.quote.asset_id == asset_id) received[date] += net->second.quote;
    }
  }
  const std::int64_t free = spendable(account_id, asset_id);
  const auto& balances = accounts_.at(account_id).balances;
  const auto balance = balances.find(asset_id);
  Wide least = free;
  for (const auto& [from, first] : received) {
    Wide all = 0;
    for (const auto& [date, net] : received) all += date >= from ? net : 0;
    if (all <= 0) continue;
    const Wide owned = balance == balances.end() ? 0 : Wide{balance->second.available} + balance->second.held;
    least = std::min(least, owned - all);
  }
  return static_cast<std::int64_t>(least);
}

}  // namespace exchange::engine::reference
