// What accounts do with positions on margin: how they stand, how these are closed and paid for, and who is liquidated.
//
// Invariants: those of accounts.hpp, which is the only one that changes it.
//
// Threads: none; owned by one Core.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "account_data.hpp"

namespace exchange::engine {

class MarginAccounts : protected AccountData {
 public:
  using AccountData::AccountData;

  [[nodiscard]] Liquidations& liquidations() noexcept { return liquidations_; }
  [[nodiscard]] const Liquidations& liquidations() const noexcept { return liquidations_; }
  // Something changed what the account has or needs.
  void suspect(Slot account);
  // The holders that come next, at most so many; true if these were the last.
  [[nodiscard]] bool collect_holders(Inspection& inspection, std::uint32_t most, std::vector<Slot>& out) const;
  [[nodiscard]] bool is_short_of_margin(Slot account) const noexcept;
  void begin_liquidation(Slot account, Step& step);
  void begin_deleveraging(Slot account, Step& step);
  void end_liquidation(Slot account, Step& step);
  // The first position that has its turn still, and is open in a market that matches.
  [[nodiscard]] Slot next_to_close(const Liquidation& liquidation) const noexcept;
  // The order that reduces a position: is there room for it, what it says, how far it may go.
  [[nodiscard]] bool has_room_to_reduce() const noexcept;
  [[nodiscard]] PlaceOrder reduction_of(Slot position, std::string& id) const;
  [[nodiscard]] std::optional<std::int64_t> bearable_price(Slot position, std::int64_t edge) const noexcept;
  // Which positions are closed against one; and closing it against such.
  [[nodiscard]] std::uint32_t rank(Slot position, std::uint32_t most);
  [[nodiscard]] bool are_opposite(Slot one, Slot other) const noexcept;
  void deleverage(Slot closing, Slot opposite, Step& step);

 protected:
  [[nodiscard]] Standing standing(Slot account) const noexcept;
  // Moves an amount of the settlement unit, which may be below zero, to an account from another one.
  void pay(Slot to, Slot from, Int128 amount, BalanceChangeKind kind, const Instrument& instrument,
           std::uint64_t trade_id, Step& step);
  void close(Slot position, std::int64_t delta, std::int64_t value, PositionChangeKind kind, BalanceChangeKind paid_as,
             Step& step);
  using AccountData::tell;
  void tell(const Position& position, PositionChangeKind kind, std::int64_t change, std::int64_t result,
            std::uint64_t trade_id, Step& step);
  using AccountData::view_of;
  [[nodiscard]] PositionChangeView view_of(const Position& position) const noexcept;
  void note_shrunk(Slot position);
  void tell_liquidation(Slot account, LiquidationState state, Step& step);
  // The insurance fund pays what the account lacks, as far as it can.
  void insure(Slot account, Int128 lacking, Step& step);
  [[nodiscard]] Ranked ranked(Slot position) const noexcept;
  [[nodiscard]] Int128 borne_by_others(const Position& position, std::int64_t quantity) const noexcept;
  [[nodiscard]] bool can_liquidate() const;
};

}  // namespace exchange::engine
