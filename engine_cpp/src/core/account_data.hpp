// What the accounts half holds, and how its smallest parts are read and told.
//
// Invariants: those of accounts.hpp, which is the only one that changes it.
//
// Threads: none; owned by one Core.
#pragma once

#include <cstdint>
#include <vector>

#include "answers.hpp"
#include "auction_orders.hpp"
#include "balances.hpp"
#include "busts.hpp"
#include "claims.hpp"
#include "deadlines.hpp"
#include "events.hpp"
#include "ids.hpp"
#include "instruments.hpp"
#include "liquidations.hpp"
#include "margin.hpp"
#include "mass_cancel.hpp"
#include "orders.hpp"
#include "pegs.hpp"
#include "positions.hpp"
#include "reducing.hpp"
#include "sessions.hpp"
#include "transfers.hpp"
#include "unsettled.hpp"

namespace exchange::engine {

class AccountData {
 public:
  AccountData(const Limits& limits, std::uint8_t shard, const Instruments& instruments)
      : instruments_(instruments),
        open_orders_per_account_(limits.open_orders_per_account),
        id_window_ns_(limits.id_window_ns),
        balances_(limits),
        orders_(limits, shard),
        ids_(limits, balances_, orders_),
        positions_(limits),
        margin_(instruments, positions_),
        mass_cancels_(limits),
        auction_orders_(limits.instruments, limits.orders),
        pegs_(limits.instruments, limits.special_orders),
        reducing_(limits),
        expire_times_(limits.special_orders),
        sessions_(limits),
        busts_(limits),
        unsettled_(limits),
        liquidations_(limits) {}

 protected:
  // What an order may trade, and what it can cost beyond its margin; of a pair, the larger of the legs.
  struct Exposed {
    std::int64_t quantity = 0;
    std::int64_t reserve = 0;
  };

  // How much of the order the book is to show at a time; 0: all.
  [[nodiscard]] std::int64_t display_of(const OrderRecord& order) const noexcept {
    return order.special == kNil ? 0 : orders_.special_view(order)->display_quantity;
  }
  // Is it early enough, and not too early? Both times may be any.
  [[nodiscard]] bool is_in_time(std::int64_t valid_until_ns, std::int64_t now_ns) const noexcept {
    const auto left = static_cast<std::uint64_t>(valid_until_ns) - static_cast<std::uint64_t>(now_ns);
    return left <= static_cast<std::uint64_t>(id_window_ns_);
  }
  [[nodiscard]] bool is_closed(Slot instrument) const noexcept {
    return instruments_[instrument].phase == TradingPhase::kClosed;
  }
  // Is there no date yet under which trades would settle?
  [[nodiscard]] bool lacks_value_date(Slot instrument) const noexcept {
    return instruments_[instrument].delayed && !unsettled_.has_value_date(instrument);
  }
  // Does an order name a session that is not open?
  [[nodiscard]] Reason check_session(Slot account, std::uint64_t session_id) const noexcept {
    const bool open = session_id == 0 || sessions_.find(account, session_id) != kNil;
    return open ? Reason::kNone : Reason::kSessionNotOpen;
  }
  // Nobody trades by his own will while he is liquidated.
  [[nodiscard]] TradingState trading_state(Slot account) const noexcept {
    return liquidations_.is_liquidated(account) ? TradingState::kHalted : balances_.account(account).trading_state;
  }
  // What is paid for in full is no position, so nothing that trades it makes one smaller.
  [[nodiscard]] Reason check_trading_state(Slot account) const noexcept {
    return trading_state(account) == TradingState::kActive ? Reason::kNone : Reason::kTradingState;
  }
  // What an order that is accepted now pays for life.
  [[nodiscard]] FeeRates rates_of(const Account& account, Slot instrument) const noexcept {
    const Slot schedule = instrument == kNil ? kNil : instruments_[instrument].fee_schedule;
    if (schedule != kNil) [[unlikely]] return instruments_.fees().rates(schedule, account.fee_tier);
    return {static_cast<std::int32_t>(account.taker_fee_ppm), static_cast<std::int32_t>(account.maker_fee_ppm)};
  }
  [[nodiscard]] AccountBalance& collateral(Slot account) noexcept {
    return balances_[balances_.find(account, instruments_.settlement_asset())];
  }
  [[nodiscard]] Slot clearing(const Instrument& instrument) const noexcept {
    return balances_.find(clearing_account(instrument.instrument_id));
  }
  // The balance of what the order gives.
  [[nodiscard]] AccountBalance& given(const OrderRecord& order) noexcept {
    return balances_[order.view.side == Side::kBuy ? order.quote_balance : order.base_balance];
  }
  void tell(OrderUpdateCause cause, const OrderRecord& order, Step& step, const FillView* fill = nullptr) {
    step.events.order_updated(cause, order.view, balances_.next_event(order.account), fill,
                              orders_.special_view(order));
  }
  void tell(const AccountBalance& balance, BalanceChangeKind kind, std::int64_t amount, Step& step,
                   std::uint64_t trade_id = 0) {
    step.events.balance_changed(view_of(balance, kind, amount, trade_id));
  }
  // As the account's next private event tells it.
  [[nodiscard]] BalanceChangeView view_of(const AccountBalance& balance, BalanceChangeKind kind, std::int64_t amount,
                                          std::uint64_t trade_id) noexcept {
    return {.account_id = balances_.account(balance.account).account_id,
            .asset_id = balance.asset_id,
            .kind = kind,
            .amount = amount,
            .available = balance.available,
            .held = balance.held,
            .trade_id = trade_id,
            .account_seq = balances_.next_event(balance.account)};
  }

  const Instruments& instruments_;
  std::uint32_t open_orders_per_account_;
  std::int64_t id_window_ns_;
  Balances balances_;
  Orders orders_;
  IdWindow ids_;
  Positions positions_;
  Margin margin_;
  MassCancels mass_cancels_;
  Transfers transfers_;
  AuctionOrders auction_orders_;
  Pegs pegs_;
  Reducing reducing_;
  Deadlines expire_times_;  // of open orders that say when they expire, by their special records
  Claims claims_;
  Sessions sessions_;
  Busts busts_;
  Unsettled unsettled_;
  Liquidations liquidations_;
  Slot reduction_ = kNil;  // the order of a liquidation, while it trades
  Exposed shared_;  // by the first leg of a pair that is checked: the second exposes what is more
  std::vector<LinkedFill> linked_fills_;
  std::vector<Slot> shrunk_;
  std::vector<std::uint64_t> stirred_;  // numbers of parents, in order
};

}  // namespace exchange::engine
