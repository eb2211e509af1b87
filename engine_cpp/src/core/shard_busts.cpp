// Busts: the command, and the steps in which it goes on.
#include "shard.hpp"

namespace exchange::engine {

// An instrument that has expired has no positions, and gets none again.
Answer Core::Shard::on(const BustTrade& command, Step& step) {
  const BustedTrade& trade = *command.trade;
  if (const auto known = accounts_.find_bust(trade, step)) return *known;
  const Slot instrument = instruments_.find(trade.instrument_id);
  if (instrument == kNil) return refuse(Reason::kUnknownInstrument, step);
  const bool has_traded = trade.trade_id > books_.before_first_trade_id() && trade.trade_id <= books_.last_trade_id();
  const Reason reason = accounts_.check_bust(trade, instrument, has_traded, step);
  if (reason != Reason::kNone) return refuse(reason, step);
  if (sweeps_.is_expired(instrument)) return refuse(Reason::kTradeNotBustable, step);
  accounts_.begin_bust(trade, instrument, step);
  go_on_busting(step);
  return refuse(Reason::kNone, step);
}

void Core::Shard::go_on_busting(Step& step) {
  while (accounts_.busts().has_unfinished()) {
    if (!go_on(accounts_.busts().first(), step)) return;
    accounts_.busts().finish_first();
  }
}

// True if it is done.
bool Core::Shard::go_on(BustTask& task, Step& step) {
  while (auto cancels = accounts_.cancels_of(task)) {
    const bool done = cancel_matching(*cancels, busts_left_, step);
    busts_left_ -= cancels->cancelled - task.cancelled;
    task.cancelled = cancels->cancelled;
    if (!done) return false;
    task.cancelled = 0;
    ++task.accounts_done;
  }
  if (busts_left_ == 0) return false;
  --busts_left_;
  accounts_.take_back(task, step);
  const BustedTrade& trade = accounts_.busts()[task.bust].trade;
  const bool taker_buys = trade.taker_side == Side::kBuy;
  for (const bool taker : {taker_buys, !taker_buys}) {
    const Slot account = accounts_.balances().find(taker ? trade.taker_account_id : trade.maker_account_id);
    const Slot position = accounts_.positions().find(account, instruments_.find(trade.instrument_id));
    if (position != kNil) position_changed(position, step);
  }
  return true;
}

}  // namespace exchange::engine
