// One shard: the two halves and the border between them. Commands come in here; messages cross here; nothing else does.
//
// Invariants:
//   1. A command runs as: old ids go, what is due by time ends, triggers left due go on, the command itself, then the
//      level changes, so that what is public of the books, level changes and then what auctions would do, comes last in
//      a block.
//   2. Every message of the books reaches the accounts in order, within the command that caused it.
//   3. Before `calm_until_ns_` nothing is due or unfinished. A command on its general way may change what is, so it is
//      found out anew after it; a plain one (place_plain.cpp, amend_plain.cpp, cancel_plain.cpp) makes nothing due earlier than that.
//
// Threads: none.
#pragma once

#include <array>

#include "accounts.hpp"
#include "books.hpp"
#include "encode.hpp"
#include "exchange/engine/core.hpp"
#include "instruments.hpp"

namespace exchange::engine {

// What one of several orders traded in the command that entered them.
struct EntrantFill {
  std::uint32_t entrant = 0;
  FillView fill;
};

class Core::Shard {
 public:
  Shard(const Limits& limits, std::uint8_t shard);

  void apply(const Command& command, Stamp stamp, ResponseMode mode, ByteBuffer& result, ByteBuffer& events);
  void announce(std::span<const Command> coming) noexcept;

  void save(Sink& sink) const;
  [[nodiscard]] bool load(Source& source);
  [[nodiscard]] bool consistent() const;

  void query(Slot account, ByteBuffer& out) const;
  void snapshot_parts(std::uint32_t epoch, const std::function<void(std::string_view)>& emit) const;
  [[nodiscard]] std::optional<std::size_t> depth(std::uint32_t instrument_id, Side side,
                                                 std::span<PriceLevel> levels) const noexcept;

  [[nodiscard]] const Accounts& accounts() const noexcept { return accounts_; }
  [[nodiscard]] Counts counts() const noexcept;
  [[nodiscard]] Stamp last_stamp() const noexcept { return last_; }
  [[nodiscard]] std::uint64_t instruments_seq() const noexcept { return instruments_seq_; }
  // Engine time at which a Tick is due, if any is.
  [[nodiscard]] std::optional<std::int64_t> next_deadline() const noexcept {
    const bool unfinished = triggers_.has_due() || accounts_.has_to_pass_on() || triggers_.trails().has_untold() ||
                            !unfinished_pegs_.empty() || sweeps_.has_unfinished() ||
                            accounts_.busts().has_unfinished() || accounts_.liquidations().has_unfinished();
    return unfinished ? last_.time_ns : accounts_.next_deadline();
  }

 private:
  // What is known of a command that comes.
  struct Expected {
    std::int64_t price = 0;  // at which it puts an order into the book; 0 if it does not
    Slot order = kNil;       // the order that it is about, probably, and its place in the book
    Slot book_slot = kNil;
    Slot instrument = kNil;
    Side side{};
  };
  void announce_new(std::span<const Command> coming) const noexcept;
  // Stages of `announce`, from far to near.
  void expect_table(const Command& command, Expected& expected) const noexcept;
  void expect_record(const Command& command, Expected& expected) const noexcept;
  void expect_neighbours(const Command& command, Expected& expected) const noexcept;
  void expect_queue(const Command& command, const Expected& expected) const noexcept;
  void expect_level(const Expected& expected) const noexcept;
  // What is known of the command that comes `ahead` commands after the next.
  [[nodiscard]] Expected& expected(std::size_t ahead) noexcept { return expected_[(announced_ + ahead) % kExpected]; }
  // What is plain, in one pass: the order that it was about; kNil if the command is for the general way.
  [[nodiscard]] Slot run_plainly(const Command& command, Step& step);
  void answer_plainly(Slot order, ResponseMode mode, ByteBuffer& result);
  void run_generally(const Command& command, ResponseMode mode, ByteBuffer& result, Step& step);
  // What is due, and what is unfinished, before a command; what follows from it, after it.
  void begin(const Command& command, std::uint32_t& steps_left, Step& step);
  void run_due(Step& step);
  void finish(std::uint32_t steps_left, Step& step);
  [[nodiscard]] bool has_followers() const noexcept {
    return triggers_.size() > 0 || accounts_.pegs().has_any() || accounts_.has_stirred();
  }
  [[nodiscard]] bool go_on_cancelling(std::uint32_t& cancels_left, Step& step);
  [[nodiscard]] bool cancel_matching(MassCancelTask& task, std::uint32_t most, Step& step);
  [[nodiscard]] Answer run(const Command& command, Step& step);
  [[nodiscard]] Answer on(const PlaceOrder& command, Step& step);
  [[nodiscard]] Answer validate(const PlaceOrder& command, Step& step);
  [[nodiscard]] Answer on(const PlaceOrders& command, Step& step);
  [[nodiscard]] Answer on(const PlaceOrderGroup& command, Step& step);
  [[nodiscard]] Answer on(const CancelOrder& command, Step& step);
  [[nodiscard]] Answer on(const AmendOrder& command, Step& step);
  [[nodiscard]] Slot place_plainly(const PlaceOrder& command, Step& step);
  [[nodiscard]] Slot cancel_plainly(const CancelOrder& command, Step& step);
  [[nodiscard]] Slot amend_plainly(const AmendOrder& command, Step& step);
  void take_plainly(const PlainAmend& amend, const OrderRecord& order, Step& step);
  [[nodiscard]] Answer on(const MassCancel& command, Step& step);
  [[nodiscard]] Answer on(const CancelAllAfter& command, Step& step);
  [[nodiscard]] Answer on(const OpenSession& command, Step& step);
  [[nodiscard]] Answer on(const KeepGateway& command, Step& step);
  [[nodiscard]] Answer on(const EndSession& command, Step& step);
  [[nodiscard]] Answer on(const LeaderChange& command, Step& step);
  [[nodiscard]] Answer on(const Transfer& command, Step& step);
  [[nodiscard]] Answer on(const OpenAccount& command, Step& step);
  [[nodiscard]] Answer on(const SetAccount& command, Step& step);
  [[nodiscard]] Answer on(const SetFeeSchedule& command, Step& step);
  [[nodiscard]] Answer on(const SetMarginParameters& command, Step& step);
  [[nodiscard]] Answer on(const ActivateRules& command, Step& step);
  [[nodiscard]] Answer on(const SettleFuture& command, Step& step);
  [[nodiscard]] Answer on(const RollPositions& command, Step& step);
  [[nodiscard]] Answer on(const ExpireInstrument& command, Step& step);
  [[nodiscard]] Answer on(const ExerciseOption& command, Step& step);
  [[nodiscard]] Answer on(const BustTrade& command, Step& step);
  [[nodiscard]] Answer on(const SetValueDate& command, Step& step);
  [[nodiscard]] Answer on(const DeliverTrades& command, Step& step);
  [[nodiscard]] Answer on(const CreateInstrument& command, Step& step);
  [[nodiscard]] Answer on(const UpdateInstrument& command, Step& step);
  [[nodiscard]] Answer on(const SetPhase& command, Step& step);
  [[nodiscard]] Answer on(const SetMarkPrice& command, Step& step);
  [[nodiscard]] Answer on(const Tick& command, Step& step);
  [[nodiscard]] Answer begin(const Sweep& sweep, Step& step);
  // What is unfinished of busts, as far as the command's cancels go.
  void go_on_busting(Step& step);
  [[nodiscard]] bool go_on(BustTask& task, Step& step);
  // What is unfinished of sweeps, as far as the command's positions go.
  void go_on_sweeping(Step& step);
  [[nodiscard]] bool go_on(Sweep& sweep, Step& step);
  [[nodiscard]] bool go_on_exercising(Sweep& sweep, Step& step);
  [[nodiscard]] bool go_on_delivering(Sweep& sweep, Step& step);
  // Ends open orders of an instrument that has expired; true if none is left.
  [[nodiscard]] bool expire_orders(Slot instrument, Step& step);
  void tell(const Sweep& sweep, bool done, Step& step);
  // What the core does not do yet is refused.
  template <class Unsupported>
  [[nodiscard]] Answer on(const Unsupported& /*command*/, Step& step) {
    return {.engine_seq = step.stamp.engine_seq, .reason = Reason::kNotSupported};
  }
  [[nodiscard]] Answer place_waiting(const PlaceOrder& command, const Admission& admission, Step& step);
  [[nodiscard]] Answer amend_waiting(const AmendOrder& command, Amend& amend, Step& step);
  // Pegged orders.
  [[nodiscard]] Answer place_pegged(const PlaceOrder& command, const Admission& admission, Step& step);
  void validate_pegged(const PlaceOrder& command, Slot instrument, Step& step);
  [[nodiscard]] Answer amend_pegged(const AmendOrder& command, Amend& amend, Step& step);
  [[nodiscard]] std::optional<std::int64_t> place_for(Slot order, std::int64_t limit,
                                                      const PegPrices& best) const noexcept;
  void stand_again(Slot order, Step& step);
  // The same for one that enters with others: its checks; it is accepted; its turn comes.
  [[nodiscard]] Reason check_pegged_entrant(const PlaceOrder& command, LinkType link, Entrant& entrant);
  void accept_pegged(Slot order, Step& step);
  void enter_pegged(Slot order, Step& step);
  // Triggers and pegged orders go on by turns, until nothing moves or the command's steps are used up.
  void run_followers(std::uint32_t& steps_left, Step& step);
  [[nodiscard]] bool move_pegs(std::uint32_t& steps_left, Step& step);
  void collect_changed();
  // False if there were not steps enough.
  [[nodiscard]] bool move_pegs_of(Slot instrument, std::uint32_t& steps_left, Step& step);
  [[nodiscard]] bool move_pegs_of(Slot instrument, bool advance, std::uint32_t& steps_left, Step& step);
  [[nodiscard]] bool moves(Slot order, std::optional<std::int64_t> to, bool advance) const noexcept;
  void move_peg(Slot order, std::optional<std::int64_t> to, Step& step);
  void save_pegs(StateWriter& out) const;
  [[nodiscard]] bool load_pegs(StateReader& in, std::vector<Rested>& rested);
  // Orders that enter all or none; what they come to is in `entrants_`.
  [[nodiscard]] Answer answer_again() const noexcept;
  [[nodiscard]] Answer place_together(std::span<const PlaceOrder> orders, LinkType link, Step& step);
  [[nodiscard]] bool check_together(std::span<const PlaceOrder> orders, std::size_t repeated, LinkType link,
                                    Step& step);
  [[nodiscard]] Reason check_entrant(const PlaceOrder& command, bool repeats_id, LinkType link, Entrant& entrant,
                                     Step& step);
  void enter_together(std::span<const PlaceOrder> orders, LinkType link, Step& step);
  // Orders of a group; the first has its hold already.
  void enter_group(std::span<const PlaceOrder> legs, LinkType type, Step& step);
  void enter_children(std::span<const PlaceOrder> orders, LinkType type, Step& step);
  void enter_leg(Entrant& leg, bool linked, Step& step);
  // Lets parents pass on what they have filled, in order, as far as the command's steps go.
  void run_groups(std::uint32_t& steps_left, Step& step);
  void pass_on(Slot parent, Step& step);
  void give(const Children& children, std::int64_t quantity, bool last, Step& step);
  void go_on_with_more(Slot child, Step& step);
  void begin_to_watch(Slot child, Step& step);
  void begin_to_trail(const Children& children, Step& step);
  void begin_to_follow(Slot child, Step& step);
  void act_on_links(Step& step);
  [[nodiscard]] bool links_consistent() const;
  void restore_links() noexcept;
  void deliver_together(Step& step);
  // Of a child or a pegged order: it may meet orders that enter together.
  void deliver_among(Step& step) { entrants_.empty() ? deliver(step) : deliver_together(step); }
  void note_fill(const Fill& fill, Slot order, Liquidity liquidity, std::int64_t fees_before);
  void write_together(const Answer& answer, ResponseMode mode, ByteBuffer& result);
  void find_fired() noexcept;
  void find_fired(Slot instrument) noexcept;
  // Takes what is due on its way, in order, as far as the command's steps go.
  void run_triggers(std::uint32_t& steps_left, Step& step);
  void activate(const Trigger& due, Step& step);
  void save_triggers(StateWriter& out) const;
  void trail_with(const PlaceOrder& command, Slot instrument) noexcept;
  void follow(Slot trigger) noexcept;
  // The special terms of an order as they stand, until the next call.
  [[nodiscard]] const SpecialView* shown_special(Slot order) const;
  void tell_trails(Step& step);
  [[nodiscard]] bool load_triggers(StateReader& in, std::vector<Rested>& rested);
  [[nodiscard]] static bool load_trail(StateReader& in, Trigger& trigger);
  [[nodiscard]] bool restore_due(const std::vector<std::uint64_t>& due, const std::vector<Trigger>& triggers,
                                 std::vector<Rested>& rested);
  [[nodiscard]] bool restore_trailing(std::vector<Trigger>& trailing, std::vector<Rested>& rested);
  [[nodiscard]] bool load_untold(StateReader& in);
  [[nodiscard]] bool triggers_consistent() const;
  [[nodiscard]] bool positions_balanced() const;
  [[nodiscard]] bool slices_consistent() const;
  // Liquidations: all there is to do after a command, and its parts.
  enum class Progress : std::uint8_t { kUnfinished, kWaits, kOver };
  void liquidate(std::uint32_t& steps_left, Step& step);
  [[nodiscard]] bool go_on_liquidating(Step& step);
  void find_short_of_margin(Step& step);
  [[nodiscard]] Progress go_on(Liquidation& liquidation, Step& step);
  [[nodiscard]] bool cancel_before_closing(Liquidation& liquidation, Step& step);
  [[nodiscard]] bool begin_deleveraging(Liquidation& liquidation, Step& step);
  // True if the position has had its turn.
  [[nodiscard]] bool reduce(Slot position, Step& step);
  [[nodiscard]] bool deleverage(Slot position, Step& step);
  void reduce_waiting(Step& step);
  void position_changed(Slot position, Step& step);
  [[nodiscard]] bool holdings_consistent() const;
  void remove(const Remove& remove, Step& step);
  void deliver(Step& step);
  void publish(Step& step);
  void uncross(Slot instrument, Step& step);
  // Ends the orders that are for an auction only, but for those that fit one of the kind `kept`.
  void end_auction_orders(Slot instrument, AuctionKind kept, Step& step);
  // Something changed that an auction goes by.
  void touch(Slot instrument);
  void tell_auctions(Step& step);
  void write_answer(const Answer& answer, ResponseMode mode, ByteBuffer& result);
  [[gnu::noinline]] void write_all(const Answer& answer, ResponseMode mode, ByteBuffer& result);

  void save_queues(StateWriter& out) const;
  [[nodiscard]] bool load_queues(StateReader& in);
  [[nodiscard]] bool load_sweeps(StateReader& in);
  [[nodiscard]] bool load_queue(StateReader& in, Slot instrument, Side side, bool waits, std::vector<Rested>& rested);

  std::uint8_t shard_;
  std::uint32_t cancels_per_command_;
  std::uint32_t positions_per_command_;
  std::uint32_t steps_left_ = 0;   // that parents, triggers and pegged orders may still take in this command
  std::uint32_t busts_left_ = 0;   // orders that busts may still cancel in this command
  std::uint32_t sweeps_left_ = 0;  // positions that this command may still treat
  std::uint32_t trails_per_command_;
  Stamp last_;
  std::uint64_t instruments_seq_ = 0;
  std::int64_t calm_until_ns_ = 0;
  Instruments instruments_;
  Accounts accounts_;
  Books books_;
  Triggers triggers_;
  Sweeps sweeps_;
  std::vector<Slot> woken_;  // instruments where children began to wait for a price
  Slot repriced_ = kNil;  // instrument whose phase or stated prices this command changed
  std::vector<FillView> fills_;
  std::vector<AuctionView> told_;  // what each auction would do, as told last
  std::vector<Slot> changed_;          // instruments whose pegged orders this command may move
  std::vector<Slot> unfinished_pegs_;  // where it had not steps enough for them
  std::vector<Slot> touched_;      // instruments whose auction this command may have changed
  mutable SpecialView shown_;
  Judgement judgement_;  // of the order that is only validated
  std::vector<Slot> holders_;    // accounts that are looked at
  std::vector<Slot> too_large_;  // orders that reduce more than there is
  std::vector<Slot> swept_;  // positions of one step of a sweep
  std::vector<std::uint64_t> matching_;  // orders that a mass cancel found
  std::vector<Entrant> entrants_;        // of the command, if it enters several
  std::vector<EntrantFill> entrant_fills_;
  std::vector<OrderResultView> entrant_views_;
  static constexpr std::size_t kExpected = 32;
  std::array<Expected, kExpected> expected_{};
  std::size_t announced_ = 0;
};

}  // namespace exchange::engine
