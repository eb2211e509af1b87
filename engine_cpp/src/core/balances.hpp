// Accounts and what they hold of each asset.
//
// Invariants:
//   1. held is never negative, and available only of who may owe: the venue's own accounts, and accounts on margin; their
//      sum over all accounts is the asset's supply in this shard. That is below zero if more has left than came, as when
//      the insurance fund owes what it paid; it stays within kMaxAmount of zero.
//   2. Account slot 0 is account 0, which collects the fees, slot 1 the insurance fund. Accounts are never removed: slots
//      run in order of opening.
//   3. An account's balances form a list in order of first use.
//   4. An account's private events are numbered from 1 without a gap, for life.
//
// Threads: none; owned by the accounts half of one Core.
#pragma once

#include <cstdint>
#include <vector>

#include "exchange/engine/core.hpp"
#include "instruments.hpp"
#include "messages.hpp"
#include "money.hpp"
#include "state.hpp"
#include "views.hpp"

namespace exchange::engine {

struct Account {
  std::uint64_t account_id = 0;
  std::uint64_t self_trade_group = 0;
  std::uint64_t opened_seq = 0;
  std::uint64_t account_seq = 0;  // number of its last private event
  std::uint32_t taker_fee_ppm = 0;
  std::uint32_t maker_fee_ppm = 0;
  std::uint32_t open_orders = 0;
  std::uint32_t ids = 0;  // remembered, orders and requests
  Slot first_balance = kNil;
  Slot last_balance = kNil;
  bool is_restricted = false;  // it has limits of its own, is not ACTIVE, or owes margin
  std::uint8_t account_class = 0;
  std::uint8_t fee_tier = 0;
  AccountKind kind = AccountKind::kCash;
  TradingState trading_state = TradingState::kActive;
};
static_assert(sizeof(Account) == 64);

struct AccountBalance {
  std::int64_t available = 0;
  std::int64_t held = 0;
  std::uint32_t asset_id = 0;
  Slot account = kNil;
  Slot asset = kNil;
  Slot next = kNil;
};
static_assert(sizeof(AccountBalance) == 32);

inline constexpr Slot kFeeAccount = 0;
inline constexpr Slot kInsuranceFund = 1;

// Is this number one of the venue's own accounts?
[[nodiscard]] constexpr bool is_venue(std::uint64_t account_id) noexcept {
  return account_id == 0 || account_id >= kVenueAccounts;
}

class Balances {
 public:
  explicit Balances(const Limits& limits);

  [[nodiscard]] Slot find(std::uint64_t account_id) const noexcept;
  [[nodiscard]] bool has_account_room() const noexcept { return accounts_.room() > 0; }
  Slot open(const OpenAccount& command, std::uint64_t engine_seq) noexcept;

  [[nodiscard]] Account& account(Slot slot) noexcept { return accounts_[slot]; }
  [[nodiscard]] const Account& account(Slot slot) const noexcept { return accounts_[slot]; }
  [[nodiscard]] std::uint32_t accounts() const noexcept { return accounts_.size(); }
  // The number of the account's next private event.
  [[nodiscard]] std::uint64_t next_event(Slot slot) noexcept { return ++accounts_[slot].account_seq; }

  [[nodiscard]] const AccountLimits& limits(Slot account) const noexcept { return asides_[account].limits; }
  // As OpenAccount opened it; `change` leaves that as it is.
  [[nodiscard]] const OpenAccount& opened(Slot account) const noexcept { return asides_[account].opened; }
  [[nodiscard]] AccountView view(Slot account) const noexcept;
  void change(Slot account, const AccountView& settings) noexcept;

  // May it have less than nothing?
  [[nodiscard]] bool may_owe(Slot account) const noexcept {
    return is_venue(accounts_[account].account_id) || accounts_[account].kind == AccountKind::kMargin;
  }

  // kNil if the account never held the asset.
  [[nodiscard]] Slot find(Slot account, Slot asset) const noexcept;
  // Makes the balance if it is not there; needs room for one.
  Slot obtain(Slot account, Slot asset, std::uint32_t asset_id) noexcept;
  [[nodiscard]] AccountBalance& operator[](Slot slot) noexcept { return balances_[slot]; }
  [[nodiscard]] const AccountBalance& operator[](Slot slot) const noexcept { return balances_[slot]; }
  [[nodiscard]] std::uint32_t room() const noexcept { return balances_.room(); }
  void prefetch(Slot balance) const noexcept {
    if (balance != kNil) __builtin_prefetch(balances_.place(balance), 1);
  }
  [[nodiscard]] std::int64_t available(Slot account, Slot asset) const noexcept;

  // Sum over all accounts, by the transfers.
  [[nodiscard]] std::int64_t supply(Slot asset) const noexcept { return supply_[asset]; }
  void add_supply(Slot asset, std::int64_t amount) noexcept { supply_[asset] += amount; }

  template <class Visit>
  void for_each(Slot account, Visit visit) const {
    for (Slot at = accounts_[account].first_balance; at != kNil; at = balances_[at].next) visit(at, balances_[at]);
  }

  void save(StateWriter& out) const;
  [[nodiscard]] bool load(StateReader& in, const Instruments& instruments);
  // Do the balances of all accounts add up to the supply?
  [[nodiscard]] bool conserved(std::uint32_t assets) const;

 private:
  // What few commands ask for.
  struct Aside {
    AccountLimits limits;
    OpenAccount opened;
  };

  using Sums = std::vector<Int128>;  // by asset

  [[nodiscard]] bool load_account(StateReader& in, const Instruments& instruments, Sums& sums);
  [[nodiscard]] bool load_balances(StateReader& in, Slot account, const Instruments& instruments, Sums& sums);
  [[nodiscard]] static std::uint32_t tag_of(std::uint64_t account_id) noexcept {
    return spread(account_id);
  }
  [[nodiscard]] static std::uint32_t tag_of(Slot account, Slot asset) noexcept {
    return spread(account * 0xC2B2'AE3D'27D4'EB4F + asset);
  }

  Pool<Account> accounts_;
  FlatArray<Aside> asides_;
  Pool<AccountBalance> balances_;
  SlotTable by_id_;
  SlotTable by_asset_;
  std::vector<std::int64_t> supply_;
};

}  // namespace exchange::engine
