// Accounts whose equity may have fallen below their maintenance margin, and those that are liquidated because it has.
//
// Invariants:
//   1. An account is looked at once for each time that something changed what it has or needs: by its number in the
//      list of suspects, or with all that hold an instrument whose price, phase or margin changed. Nothing is looked at
//      twice for one change, and what one command does not get to is looked at with the next.
//   2. An account is liquidated at most once at a time, first fallen first, and is done with before the next one
//      begins. One whose positions are all in markets that do not match waits; when something changed for any that
//      waits, all are tried again.
//
// Threads: none; owned by the accounts half of one Core.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <vector>

#include "exchange/engine/core.hpp"
#include "pool.hpp"
#include "ranking.hpp"
#include "state.hpp"

namespace exchange::engine {

struct Liquidation {
  std::uint64_t begun_seq = 0;  // of the command after which it fell
  std::uint32_t cancelled = 0;  // orders, of a cancel that goes on
  Slot account = kNil;
  Slot next = kNil;           // position that comes next, once under way
  bool is_under_way = false;  // some positions have had their turn
  bool acted = false;         // there was a market for one of them
  bool deleverages = false;   // the books had their chance
};

// A walk over all that hold an instrument.
struct Inspection {
  Slot instrument = kNil;
  Slot next = kNil;  // position; once begun
  bool is_begun = false;
  bool again = false;  // it changed once more meanwhile
};

class Liquidations {
 public:
  explicit Liquidations(const Limits& limits)
      : is_suspect_(limits.accounts),
        stage_(limits.accounts),
        inspected_(limits.instruments),
        ranking_(limits.positions_per_command) {}

  void suspect(Slot account);
  void inspect(Slot instrument);
  [[nodiscard]] bool has_suspects() const noexcept { return !suspects_.empty(); }
  [[nodiscard]] Slot take_suspect() noexcept;
  [[nodiscard]] bool has_inspections() const noexcept { return !inspections_.empty(); }
  [[nodiscard]] const std::deque<Inspection>& inspections() const noexcept { return inspections_; }
  [[nodiscard]] Inspection& first_inspection() noexcept { return inspections_.front(); }
  // It came to its end: once more, or no more.
  void finish_inspection();

  [[nodiscard]] bool is_liquidated(Slot account) const noexcept { return stage_[account] != Stage::kNone; }
  [[nodiscard]] bool waits(Slot account) const noexcept { return stage_[account] == Stage::kWaits; }
  void begin(const Liquidation& liquidation) { enter(queue_, liquidation, Stage::kQueued); }
  [[nodiscard]] bool has_queued() const noexcept { return !queue_.empty() || woken_ > 0; }
  // Whose turn it is.
  [[nodiscard]] Liquidation& first();
  // The first is over, or waits for a market.
  void end_first();
  void postpone_first();
  // All that wait come again, behind those that are queued.
  void wake() noexcept { woken_ = waiting_.size(); }

  // The opposite positions of the one that is being deleveraged.
  [[nodiscard]] Ranking& ranking() noexcept { return ranking_; }
  [[nodiscard]] const Ranking& ranking() const noexcept { return ranking_; }

  // Is there anything to look at or to do?
  [[nodiscard]] bool has_unfinished() const noexcept {
    return has_suspects() || has_inspections() || has_queued();
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto* list : {&queue_, &waiting_}) {
      for (const Liquidation& liquidation : *list) visit(liquidation);
    }
  }

  void save(StateWriter& out) const;
  [[nodiscard]] bool load(StateReader& in, std::uint32_t accounts, std::uint32_t instruments, std::uint32_t positions,
                          std::uint64_t last_seq);

 private:
  enum class Stage : std::uint8_t { kNone, kQueued, kWaits };
  using List = std::list<Liquidation>;

  void enter(List& list, const Liquidation& liquidation, Stage stage);
  [[nodiscard]] bool load_list(StateReader& in, List& list, Stage stage, std::uint32_t accounts,
                               std::uint32_t positions, std::uint64_t last_seq);

  std::deque<Slot> suspects_;
  std::deque<Inspection> inspections_;
  List queue_;
  List waiting_;           // the longest first
  std::size_t woken_ = 0;  // how many of them come again
  std::vector<bool> is_suspect_;
  std::vector<Stage> stage_;  // by account
  std::vector<bool> inspected_;
  Ranking ranking_;
};

}  // namespace exchange::engine
