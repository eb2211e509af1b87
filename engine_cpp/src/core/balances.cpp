#include "balances.hpp"

namespace exchange::engine {

Balances::Balances(const Limits& limits)
    : accounts_(limits.accounts),
      asides_(limits.accounts),
      balances_(limits.balances),
      by_id_(limits.accounts),
      by_asset_(limits.balances),
      supply_(limits.assets) {
  open({}, 0);
  open({.account_id = kInsuranceAccount}, 0);
}

Slot Balances::find(std::uint64_t account_id) const noexcept {
  return by_id_.find(tag_of(account_id), [&](Slot slot) { return accounts_[slot].account_id == account_id; });
}

Slot Balances::open(const OpenAccount& command, std::uint64_t engine_seq) noexcept {
  assert(find(command.account_id) == kNil);
  const Slot slot = accounts_.take();
  const std::uint64_t group = command.self_trade_group_id;
  accounts_[slot] = {.account_id = command.account_id,
                     .self_trade_group = group != 0 ? group : command.account_id,
                     .opened_seq = engine_seq,
                     .taker_fee_ppm = command.taker_fee_ppm,
                     .maker_fee_ppm = command.maker_fee_ppm};
  asides_[slot].opened = command;
  asides_[slot].opened.self_trade_group_id = accounts_[slot].self_trade_group;
  by_id_.insert(tag_of(command.account_id), slot);
  return slot;
}

AccountView Balances::view(Slot slot) const noexcept {
  const Account& account = accounts_[slot];
  return {.account_id = account.account_id,
          .self_trade_group = account.self_trade_group,
          .account_seq = account.account_seq,
          .limits = limits(slot),
          .taker_fee_ppm = account.taker_fee_ppm,
          .maker_fee_ppm = account.maker_fee_ppm,
          .account_class = account.account_class,
          .fee_tier = account.fee_tier,
          .kind = account.kind,
          .trading_state = account.trading_state};
}

void Balances::change(Slot slot, const AccountView& settings) noexcept {
  Account& account = accounts_[slot];
  account.self_trade_group = settings.self_trade_group;
  account.taker_fee_ppm = settings.taker_fee_ppm;
  account.maker_fee_ppm = settings.maker_fee_ppm;
  account.account_class = settings.account_class;
  account.fee_tier = settings.fee_tier;
  account.kind = settings.kind;
  account.trading_state = settings.trading_state;
  account.is_restricted = settings.trading_state != TradingState::kActive || settings.limits != AccountLimits{} ||
                          settings.kind == AccountKind::kMargin;
  asides_[slot].limits = settings.limits;
}

Slot Balances::find(Slot account, Slot asset) const noexcept {
  return by_asset_.find(tag_of(account, asset), [&](Slot slot) {
    return balances_[slot].account == account && balances_[slot].asset == asset;
  });
}

Slot Balances::obtain(Slot account_slot, Slot asset, std::uint32_t asset_id) noexcept {
  if (const Slot known = find(account_slot, asset); known != kNil) return known;
  Account& account = accounts_[account_slot];
  const Slot slot = balances_.take();
  AccountBalance& balance = balances_[slot];
  balance.asset_id = asset_id;
  balance.account = account_slot;
  balance.asset = asset;
  (account.last_balance == kNil ? account.first_balance : balances_[account.last_balance].next) = slot;
  account.last_balance = slot;
  by_asset_.insert(tag_of(account_slot, asset), slot);
  return slot;
}

std::int64_t Balances::available(Slot account, Slot asset) const noexcept {
  const Slot balance = find(account, asset);
  return balance == kNil ? 0 : balances_[balance].available;
}

void Balances::save(StateWriter& out) const {
  out.put(accounts_.size());
  for (Slot slot = 0; slot < accounts_.size(); ++slot) {
    const Account& account = accounts_[slot];
    const OpenAccount& opened = asides_[slot].opened;
    const AccountLimits& limits = asides_[slot].limits;
    out.put(account.account_id, opened.self_trade_group_id, opened.taker_fee_ppm, opened.maker_fee_ppm,
            account.opened_seq, account.account_seq, account.self_trade_group, account.taker_fee_ppm,
            account.maker_fee_ppm, account.account_class, account.fee_tier, account.kind, account.trading_state,
            limits.max_order_lots, limits.max_order_notional, limits.max_position_lots, limits.max_open_orders);
    std::uint32_t count = 0;
    for_each(slot, [&](Slot, const AccountBalance&) { ++count; });
    out.put(count);
    for_each(slot, [&](Slot, const AccountBalance& balance) { out.put(balance.asset, balance.available, balance.held); });
  }
}

bool Balances::load(StateReader& in, const Instruments& instruments) {
  const std::uint32_t count = in.get_count(accounts_.room() + accounts_.size());
  Sums sums(instruments.assets(), 0);
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) in.require(load_account(in, instruments, sums));
  in.require(accounts_.size() == count);
  for (Slot asset = 0; in.ok() && asset < sums.size(); ++asset) {
    in.require(sums[asset] >= -kMaxAmount && sums[asset] <= kMaxAmount);
    supply_[asset] = static_cast<std::int64_t>(sums[asset]);
  }
  return in.ok();
}

bool Balances::load_account(StateReader& in, const Instruments& instruments, Sums& sums) {
  OpenAccount command;
  std::uint64_t engine_seq = 0;
  std::uint64_t account_seq = 0;
  AccountView v;
  in.get(command.account_id, command.self_trade_group_id, command.taker_fee_ppm, command.maker_fee_ppm, engine_seq,
         account_seq, v.self_trade_group, v.taker_fee_ppm, v.maker_fee_ppm, v.account_class, v.fee_tier, v.kind,
         v.trading_state, v.limits.max_order_lots, v.limits.max_order_notional, v.limits.max_position_lots,
         v.limits.max_open_orders);
  in.require(v.taker_fee_ppm <= kMaxFeePpm && v.maker_fee_ppm <= kMaxFeePpm);
  in.require(is_between(v.kind, AccountKind::kCash, AccountKind::kMargin));
  in.require(is_between(v.trading_state, TradingState::kActive, TradingState::kHalted));
  in.require(v.limits.max_order_lots >= 0 && v.limits.max_order_notional >= 0 && v.limits.max_position_lots >= 0);
  in.require(command.taker_fee_ppm <= kMaxFeePpm && command.maker_fee_ppm <= kMaxFeePpm);
  const Slot known = in.ok() ? find(command.account_id) : kNil;
  in.require(known == kNil || (known <= kInsuranceFund && accounts_[known].first_balance == kNil));
  if (!in.ok()) return false;
  const Slot account = known == kNil ? open(command, engine_seq) : known;
  accounts_[account].account_seq = account_seq;
  change(account, v);
  return load_balances(in, account, instruments, sums);
}

bool Balances::load_balances(StateReader& in, Slot account, const Instruments& instruments, Sums& sums) {
  const std::uint32_t count = in.get_count(balances_.room());
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
    AccountBalance balance;
    in.get(balance.asset, balance.available, balance.held);
    in.require(balance.asset < instruments.assets() && find(account, balance.asset) == kNil);
    const std::int64_t lowest = may_owe(account) ? -2 * kMaxAmount : 0;
    in.require(balance.available >= lowest && balance.available <= 2 * kMaxAmount);
    in.require(balance.held >= 0 && balance.held <= kMaxAmount);
    if (!in.ok()) return false;
    AccountBalance& entered = balances_[obtain(account, balance.asset, instruments.asset(balance.asset).asset_id)];
    entered.available = balance.available;
    entered.held = balance.held;
    sums[balance.asset] += Int128{balance.available} + balance.held;
  }
  return in.ok();
}

bool Balances::conserved(std::uint32_t assets) const {
  Sums sums(assets, 0);
  bool positive = true;
  for (Slot slot = 0; slot < accounts_.size(); ++slot) {
    for_each(slot, [&](Slot, const AccountBalance& balance) {
      positive = positive && (balance.available >= 0 || may_owe(slot)) && balance.held >= 0;
      sums[balance.asset] += Int128{balance.available} + balance.held;
    });
  }
  return positive && std::equal(sums.begin(), sums.end(), supply_.begin());
}

}  // namespace exchange::engine
