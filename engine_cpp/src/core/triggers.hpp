// Orders that wait for a price: by instrument, by what they watch and by whether it has to rise or to fall to them.
//
// Invariants:
//   1. A trigger stands in exactly one queue: that of its level, or that of those that came true.
//   2. Looking costs what came true, not what waits: levels are ordered, and the nearest is asked first.
//   3. What came true together is due in order of entry, behind what came true before.
//   4. There are nodes for all that is due to wait again.
//   5. What trails stands in no level: its price moves, and `now` says where it is.
//
// Threads: none; owned by the books half of one Core.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "exchange/engine/core.hpp"
#include "price_index.hpp"
#include "trails.hpp"
#include "views.hpp"

namespace exchange::engine {

// A price that triggers watch.
enum class Watched : std::uint8_t { kLast, kMark, kIndex, kAsk, kBid };
inline constexpr std::size_t kWatchedPrices = 5;

// The prices of one instrument now; kNoPrice where there is none.
using WatchedPrices = std::array<std::int64_t, kWatchedPrices>;
inline constexpr std::int64_t kNoPrice = std::numeric_limits<std::int64_t>::min();

struct Trigger {
  std::uint64_t order_id = 0;
  std::int64_t price = 0;
  Slot owner = kNil;  // the accounts' handle of the order
  Slot instrument = kNil;
  Slot level = kNil;  // kNil if it is due
  Watched watched{};
  bool rises = false;  // comes true at or above its price; otherwise at or below
  TrailingOffset offset;  // of what trails
  std::uint64_t turn = 0;  // among what trails
  std::int64_t watermark = 0;
  std::int64_t tick = 0;
  Links links{};

  [[nodiscard]] bool trails() const noexcept { return !offset.is_none(); }
  // Puts what trails where its watermark leads it; false if that is no price.
  [[nodiscard]] bool follow(std::int64_t new_watermark) noexcept {
    watermark = new_watermark;
    const auto trigger = trailing_trigger(rises, watermark, offset, tick);
    price = trigger.value_or(0);
    return trigger.has_value();
  }

  [[nodiscard]] bool is_true_at(std::int64_t now) const noexcept {
    return now != kNoPrice && (rises ? now >= price : now <= price);
  }
};

// Where a trigger that trails stands, as its order says it.
inline void follow(SpecialView& special, const Trigger& trigger) noexcept {
  special.trigger_price = trigger.price;
  special.has_trigger_price = true;
  special.watermark_price = trigger.watermark;
  special.has_watermark = true;
}

class Triggers {
 public:
  explicit Triggers(const Limits& limits);

  // Watches the instrument that was listed last.
  void open() {
    markets_.emplace_back();
    trails_.open();
  }

  [[nodiscard]] bool has_room(std::uint32_t triggers = 1) const noexcept {
    return triggers_.room() >= triggers && has_room_to_move(triggers);
  }
  // For some that wait to wait for another price instead.
  [[nodiscard]] bool has_room_to_move(std::uint32_t triggers = 1) const noexcept;
  // Needs room; the trigger's handle from then on.
  [[nodiscard]] Slot wait(const Trigger& trigger) noexcept;
  void remove(Slot slot) noexcept;

  // Moves what trails to these prices.
  void trail(Slot instrument, const WatchedPrices& prices) noexcept;
  // Adds to `fired` what comes true at these prices; it waits no more.
  void find_fired(Slot instrument, const WatchedPrices& prices) noexcept;
  // What was found is due, in order of entry.
  void make_due() noexcept;
  [[nodiscard]] bool has_due() const noexcept { return due_.front() != kNil; }
  [[nodiscard]] Trigger take_due() noexcept;

  [[nodiscard]] std::uint32_t size() const noexcept { return triggers_.size(); }
  [[nodiscard]] const Trigger& operator[](Slot slot) const noexcept { return triggers_[slot]; }
  // The trigger where it stands.
  [[nodiscard]] Trigger now(Slot slot) const noexcept;
  [[nodiscard]] Trails& trails() noexcept { return trails_; }
  [[nodiscard]] const Trails& trails() const noexcept { return trails_; }
  // What trails in a saved state stands behind all that came before it.
  [[nodiscard]] bool may_restore(const Trigger& trigger) const noexcept;
  // A trigger of a saved state was due.
  [[nodiscard]] Slot restore_due(const Trigger& trigger) noexcept;
  template <class Visit>
  void for_each_due(Visit visit) const {
    for (Slot at = due_.front(); at != kNil; at = triggers_[at].links.next) visit(triggers_[at]);
  }

 private:
  struct PriceQueue {
    std::int64_t price = 0;
    List queue;
  };
  // Levels of one watched price, for those that wait for a rise and for those that wait for a fall.
  struct Market {
    std::array<PriceIndex, 2 * kWatchedPrices> indexes;
    std::uint32_t waiting = 0;
  };

  [[nodiscard]] static std::size_t index_of(Watched watched, bool rises) noexcept {
    return 2 * static_cast<std::size_t>(watched) + (rises ? 1 : 0);
  }
  [[nodiscard]] auto links() noexcept {
    return [this](Slot slot) -> Links& { return triggers_[slot].links; };
  }
  [[nodiscard]] static std::size_t market_of(const Trigger& trigger) noexcept {
    return trigger.instrument * Trails::kMarketsPerInstrument + index_of(trigger.watched, trigger.rises);
  }
  void find_fired_trails(Slot instrument, const WatchedPrices& prices) noexcept;
  [[nodiscard]] Slot nearest(const Market& market, Watched watched, bool rises) const noexcept;
  // Level of what trails, which is in none.
  static constexpr Slot kTrails = kNil - 1;
  static_assert(Trails::kMarketsPerInstrument == 2 * kWatchedPrices);

  void leave_level(Slot slot) noexcept;
  void leave_trails(Slot slot) noexcept;

  Pool<Trigger> triggers_;
  Pool<PriceQueue> levels_;
  Pool<PriceNode> nodes_;
  Trails trails_;
  std::vector<Market> markets_;
  std::vector<Slot> fired_;
  List due_;
  std::uint32_t due_count_ = 0;
};

}  // namespace exchange::engine
