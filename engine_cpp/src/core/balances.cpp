#include "balances.hpp"

namespace exchange::engine {

Balances::Balances(const Limits& limits)
    : accounts_(limits.accounts),
      balances_(limits.balances),
      by_id_(limits.accounts),
      by_asset_(limits.balances),
      supply_(limits.assets) {
  open({}, 0);
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
  by_id_.insert(tag_of(command.account_id), slot);
  return slot;
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
  balance.account_id = account.account_id;
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
    out.put(account.account_id, account.self_trade_group, account.opened_seq, account.account_seq,
            account.taker_fee_ppm, account.maker_fee_ppm);
    std::uint32_t count = 0;
    for_each(slot, [&](Slot, const AccountBalance&) { ++count; });
    out.put(count);
    for_each(slot, [&](Slot, const AccountBalance& balance) { out.put(balance.asset, balance.available, balance.held); });
  }
}

bool Balances::load(StateReader& in, const Instruments& instruments) {
  const std::uint32_t count = in.get_count(accounts_.room() + accounts_.size());
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) in.require(load_account(in, instruments));
  in.require(accounts_.size() == count);
  return in.ok();
}

bool Balances::load_account(StateReader& in, const Instruments& instruments) {
  OpenAccount command;
  std::uint64_t engine_seq = 0;
  std::uint64_t account_seq = 0;
  in.get(command.account_id, command.self_trade_group_id, engine_seq, account_seq, command.taker_fee_ppm,
         command.maker_fee_ppm);
  in.require(command.taker_fee_ppm <= kMaxFeePpm && command.maker_fee_ppm <= kMaxFeePpm);
  const Slot known = in.ok() ? find(command.account_id) : kNil;
  in.require(known == kNil || (known == kFeeAccount && accounts_[known].first_balance == kNil));
  if (!in.ok()) return false;
  const Slot account = known == kNil ? open(command, engine_seq) : known;
  accounts_[account].account_seq = account_seq;
  return load_balances(in, account, instruments);
}

bool Balances::load_balances(StateReader& in, Slot account, const Instruments& instruments) {
  const std::uint32_t count = in.get_count(balances_.room());
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
    AccountBalance balance;
    in.get(balance.asset, balance.available, balance.held);
    in.require(balance.asset < instruments.assets() && find(account, balance.asset) == kNil);
    in.require(balance.available >= 0 && balance.available <= kMaxAmount);
    in.require(balance.held >= 0 && balance.held <= kMaxAmount);
    if (!in.ok()) return false;
    in.require(supply_[balance.asset] <= kMaxAmount - balance.available - balance.held);
    AccountBalance& entered = balances_[obtain(account, balance.asset, instruments.asset(balance.asset).asset_id)];
    entered.available = balance.available;
    entered.held = balance.held;
    supply_[balance.asset] += balance.available + balance.held;
  }
  return in.ok();
}

bool Balances::conserved(std::uint32_t assets) const {
  std::vector<std::int64_t> sums(assets, 0);
  bool positive = true;
  for (Slot slot = 0; slot < accounts_.size(); ++slot) {
    for_each(slot, [&](Slot, const AccountBalance& balance) {
      positive = positive && balance.available >= 0 && balance.held >= 0;
      sums[balance.asset] += balance.available + balance.held;
    });
  }
  return positive && std::equal(sums.begin(), sums.end(), supply_.begin());
}

}  // namespace exchange::engine
