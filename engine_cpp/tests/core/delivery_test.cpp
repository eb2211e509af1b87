// Securities that settle after the trade: value dates, what may leave before them, and deliveries.
#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class DeliveryTest : public Venue {
 public:
  using Venue::Venue;

 protected:
  static constexpr std::uint32_t kMonday = 20'261'130;
  static constexpr std::uint32_t kTuesday = 20'261'201;
  static constexpr std::int64_t kShares = 5'000'000;    // of Bob and Carol: units of ACME
  static constexpr std::int64_t kUnits = 1'000'000;     // of a hundred
  static constexpr std::int64_t kNotional = 1'000'000;  // of a hundred at 10,000

  void SetUp() override {
    Venue::SetUp();
    ASSERT_EQ(submit(encode(acme_kk99())).reason(), Reason::kNone);
    for (const std::uint64_t account : {kBob, kCarol}) ASSERT_EQ(fund(account, kAcme, kShares).reason(), Reason::kNone);
  }

  Outcome set_date(std::uint32_t date) { return submit(SetValueDate{kAcmeKk99, date}); }
  Outcome deliver(std::uint32_t date) { return submit(DeliverTrades{kAcmeKk99, date}); }
  [[nodiscard]] PlaceOrder share(std::uint64_t account, Side side, std::int64_t quantity, std::int64_t price = 10'000) {
    PlaceOrder order = limit(account, side, price, quantity);
    order.instrument_id = kAcmeKk99;
    return order;
  }
  // The buyer takes.
  Outcome trade(std::uint64_t buyer, std::uint64_t seller, std::int64_t quantity = 100) {
    EXPECT_EQ(submit(share(seller, Side::kSell, quantity)).reason(), Reason::kNone);
    Outcome taken = submit(share(buyer, Side::kBuy, quantity));
    EXPECT_EQ(taken.all<TradeView>().size(), 1U);
    return taken;
  }
  Reason take_out(std::uint64_t account, std::uint32_t asset, std::int64_t amount) {
    return submit(Transfer{TransferDirection::kOut, ++transfer_seq_, account, asset, amount}).reason();
  }
  // So much leaves, and not a unit more.
  void expect_transferable(std::uint64_t account, std::uint32_t asset, std::int64_t most) {
    EXPECT_EQ(take_out(account, asset, most + 1), Reason::kTransferInsufficient);
    if (most == 0) return;
    EXPECT_EQ(take_out(account, asset, most), Reason::kNone);
    EXPECT_EQ(fund(account, asset, most).reason(), Reason::kNone);
  }
  [[nodiscard]] std::int64_t unsettled(std::uint64_t account, std::uint32_t asset) const {
    ByteBuffer bytes;
    EXPECT_TRUE(core_.query(account, bytes));
    const ReadAccount read = read_account(bytes.view());
    const auto found = read.unsettled.find(asset);
    return found == read.unsettled.end() ? 0 : found->second;
  }
  void restart(const Limits& limits = small_limits()) {
    const std::string saved = save(core_);
    core_ = Core(limits, 0);
    ASSERT_TRUE(load(core_, saved));
    ASSERT_EQ(save(core_), saved);
  }
};

Limits one_account_a_command() {
  Limits limits = small_limits();
  limits.positions_per_command = 1;
  return limits;
}

class BoundedDeliveryTest : public DeliveryTest {
 public:
  BoundedDeliveryTest() : DeliveryTest(one_account_a_command()) {}
};

Limits one_record() {
  Limits limits = small_limits();
  limits.unsettled = 1;
  return limits;
}

class TightDeliveryTest : public DeliveryTest {
 public:
  TightDeliveryTest() : DeliveryTest(one_record()) {}
};

TEST_F(DeliveryTest, ItTakesNoOrderBeforeItHasAValueDate) {
  EXPECT_EQ(submit(share(kBob, Side::kSell, 100)).reason(), Reason::kPhaseNotAllowed);
  const SpecialTerms only{.validate_only = true};
  PlaceOrder validated = share(kBob, Side::kSell, 100);
  validated.special = &only;
  EXPECT_EQ(submit(validated).reason(), Reason::kPhaseNotAllowed);
  const Outcome dated = set_date(kMonday);
  ASSERT_EQ(dated.reason(), Reason::kNone);
  EXPECT_EQ(dated.all<ValueDateEvent>().at(0).value_date, kMonday);
  EXPECT_EQ(submit(validated).reason(), Reason::kNone);
  EXPECT_EQ(submit(share(kBob, Side::kSell, 100)).reason(), Reason::kNone);
}

TEST_F(DeliveryTest, ValueDatesOnlyGoOn) {
  ASSERT_EQ(set_date(kMonday).reason(), Reason::kNone);
  EXPECT_TRUE(set_date(kMonday).events.empty());
  EXPECT_EQ(set_date(kMonday).reason(), Reason::kNone);
  EXPECT_EQ(set_date(kMonday - 1).reason(), Reason::kDateNotAfterLast);
  EXPECT_EQ(set_date(20).reason(), Reason::kInvalidField);
  EXPECT_EQ(submit(SetValueDate{kBtcKk99, kMonday}).reason(), Reason::kInvalidField);
  EXPECT_EQ(submit(SetValueDate{99, kMonday}).reason(), Reason::kUnknownInstrument);
  EXPECT_EQ(submit(DeliverTrades{kBtcKk99, kMonday}).reason(), Reason::kInvalidField);
  EXPECT_EQ(submit(DeliverTrades{99, kMonday}).reason(), Reason::kUnknownInstrument);
}

TEST_F(DeliveryTest, EightAreOpenAtATime) {
  for (std::uint32_t n = 0; n < 8; ++n) ASSERT_EQ(set_date(kTuesday + n).reason(), Reason::kNone);
  EXPECT_EQ(set_date(kTuesday + 8).reason(), Reason::kEngineFull);
  ASSERT_EQ(deliver(kTuesday).reason(), Reason::kNone);
  EXPECT_EQ(set_date(kTuesday + 8).reason(), Reason::kNone);
  trade(kAlice, kBob);  // at the place in the ring of the date that is gone
  restart();
  EXPECT_EQ(unsettled(kAlice, kAcme), kUnits);
}

TEST_F(DeliveryTest, WhatIsReceivedTradesAtOnceButDoesNotLeave) {
  set_date(kMonday);
  trade(kAlice, kBob);
  EXPECT_EQ(unsettled(kAlice, kAcme), kUnits);
  EXPECT_EQ(unsettled(kAlice, kKk99), 0);
  EXPECT_EQ(unsettled(kBob, kKk99), kNotional);
  EXPECT_EQ(unsettled(kBob, kAcme), 0);
  expect_transferable(kAlice, kAcme, 0);
  expect_transferable(kAlice, kKk99, kFundsKk99 - kNotional - 1'000);
  expect_transferable(kBob, kKk99, kFundsKk99 - 500);  // its fee was paid at the trade
  expect_transferable(kBob, kAcme, kShares - kUnits);
  trade(kCarol, kAlice);  // a sale of what is not delivered
  EXPECT_EQ(unsettled(kAlice, kAcme), 0);
  EXPECT_EQ(unsettled(kAlice, kKk99), 0);
  EXPECT_EQ(unsettled(kCarol, kAcme), kUnits);
  expect_transferable(kAlice, kKk99, kFundsKk99 - 1'500);
}

TEST_F(DeliveryTest, WhatIsGivenBeforeDoesNotLessenWhatIsReceivedLater) {
  set_date(kMonday);
  trade(kAlice, kBob, 100);
  set_date(kTuesday);
  trade(kBob, kAlice, 100);
  EXPECT_EQ(unsettled(kAlice, kAcme), 0);        // received on Monday, given on Tuesday
  EXPECT_EQ(unsettled(kBob, kAcme), kUnits);     // the other way round
  expect_transferable(kBob, kAcme, kShares - kUnits);
  EXPECT_EQ(unsettled(kAlice, kKk99), kNotional);
}

TEST_F(DeliveryTest, WhatIsHeldBacksWhatIsNotDelivered) {
  set_date(kMonday);
  trade(kAlice, kBob);
  ASSERT_EQ(submit(share(kBob, Side::kBuy, 200, 9'000)).reason(), Reason::kNone);
  const BalanceChangeView kk99 = balance(kBob, kKk99);
  EXPECT_GT(kk99.held, kNotional);
  // All that is held is backed by what came in; only the rest of that is kept back of what is available.
  expect_transferable(kBob, kKk99, kk99.available);
}

TEST_F(DeliveryTest, ADeliveryFreesBothLegsAtOnceAndMovesNoBalance) {
  set_date(kMonday);
  trade(kAlice, kBob);
  set_date(kTuesday);
  trade(kAlice, kBob, 200);
  const Outcome delivered = deliver(kMonday);
  ASSERT_EQ(delivered.reason(), Reason::kNone);
  const SweepView told = delivered.all<DeliveryEvent>().at(0).view;
  EXPECT_EQ(told.trading_date, kMonday);
  EXPECT_EQ(told.positions, 2U);
  EXPECT_TRUE(told.done);
  const auto legs = delivered.all<UnsettledDeliveredView>();
  ASSERT_EQ(legs.size(), 2U);
  EXPECT_EQ(legs[0].account_id, kBob);  // whose order was the first
  EXPECT_EQ(legs[0].base_amount, -kUnits);
  EXPECT_EQ(legs[0].quote_amount, kNotional);
  EXPECT_EQ(legs[1].base_asset_id, kAcme);
  EXPECT_EQ(legs[1].quote_asset_id, kKk99);
  EXPECT_EQ(legs[1].account_id, kAlice);
  EXPECT_EQ(legs[1].base_amount, kUnits);
  EXPECT_EQ(legs[1].quote_amount, -kNotional);
  EXPECT_GT(legs[1].account_seq, 0U);
  EXPECT_TRUE(delivered.all<BalanceChangeView>().empty());
  EXPECT_EQ(unsettled(kAlice, kAcme), 2 * kUnits);
  expect_transferable(kAlice, kAcme, kUnits);
  expect_transferable(kBob, kKk99, kFundsKk99 + kNotional - 1'500);
}

TEST_F(DeliveryTest, TheOldestIsDeliveredFirstAndTheLastNotBeforeAnotherOne) {
  set_date(kMonday);
  trade(kAlice, kBob);
  EXPECT_EQ(deliver(kMonday).reason(), Reason::kInvalidField);
  set_date(kTuesday);
  set_date(kTuesday + 1);
  EXPECT_EQ(deliver(kTuesday).reason(), Reason::kInvalidField);
  EXPECT_EQ(deliver(kMonday).reason(), Reason::kNone);
  EXPECT_TRUE(deliver(kMonday).events.empty());
  EXPECT_EQ(deliver(kMonday).reason(), Reason::kNone);
  EXPECT_EQ(deliver(kTuesday).reason(), Reason::kNone);
  EXPECT_EQ(deliver(kMonday).reason(), Reason::kDateNotAfterLast);
}

TEST_F(BoundedDeliveryTest, WhatOneCommandDoesNotDeliverFollowsBeforeTheNextOnes) {
  set_date(kMonday);
  trade(kAlice, kBob);
  trade(kCarol, kBob, 200);
  set_date(kTuesday);
  const Outcome first = deliver(kMonday);
  EXPECT_EQ(first.all<UnsettledDeliveredView>().size(), 1U);
  EXPECT_FALSE(first.all<DeliveryEvent>().at(0).view.done);
  EXPECT_EQ(core_.next_deadline(), now_ns_);
  restart(one_account_a_command());
  EXPECT_EQ(unsettled(kAlice, kAcme), kUnits);  // Bob was the first
  EXPECT_EQ(unsettled(kBob, kKk99), 0);
  const Outcome again = deliver(kMonday);  // asked for already: it only goes on
  EXPECT_EQ(again.reason(), Reason::kNone);
  EXPECT_EQ(again.all<UnsettledDeliveredView>().at(0).account_id, kAlice);
  const Outcome last = submit(Tick{});
  EXPECT_EQ(last.all<DeliveryEvent>().at(0).view.positions, 3U);
  EXPECT_TRUE(last.all<DeliveryEvent>().at(0).view.done);
  EXPECT_EQ(unsettled(kCarol, kAcme), 0);
}

TEST_F(DeliveryTest, ABustTakesItsPartOutOfWhatIsToBeDelivered) {
  set_date(kMonday);
  const TradeView made = trade(kAlice, kBob).all<TradeView>().at(0);
  trade(kAlice, kBob, 200);
  set_date(kTuesday);
  BustedTrade trade{.trade_id = made.trade_id,
                    .maker_account_id = kBob,
                    .taker_account_id = kAlice,
                    .price = made.price,
                    .quantity = made.quantity,
                    .maker_fee = made.maker_fee,
                    .taker_fee = made.taker_fee,
                    .value_time_ns = now_ns_ + kDay,
                    .instrument_id = kAcmeKk99,
                    .value_date = 0,
                    .taker_side = Side::kBuy};
  EXPECT_EQ(submit(BustTrade{&trade}).reason(), Reason::kTradeNotBustable);  // it was made under no such date
  trade.value_date = kMonday;
  ASSERT_EQ(submit(BustTrade{&trade}).reason(), Reason::kNone);
  EXPECT_EQ(unsettled(kAlice, kAcme), 2 * kUnits);
  EXPECT_EQ(unsettled(kBob, kKk99), 2 * kNotional);
  EXPECT_EQ(balance(kAlice, kAcme).available, 2 * kUnits);
  ASSERT_EQ(deliver(kMonday).reason(), Reason::kNone);
  ++trade.trade_id;
  EXPECT_EQ(submit(BustTrade{&trade}).reason(), Reason::kTradeNotBustable);
  trade.instrument_id = kBtcKk99;
  EXPECT_EQ(submit(BustTrade{&trade}).reason(), Reason::kInvalidField);  // that settles at once
}

TEST_F(DeliveryTest, WhetherItSettlesLaterNeverChanges) {
  InstrumentDefinition at_once = acme_kk99();
  at_once.terms.delayed_settlement = false;
  EXPECT_EQ(submit(UpdateInstrument{&at_once}).reason(), Reason::kInstrumentConflict);
}

TEST_F(DeliveryTest, TheSnapshotSaysTheValueDate) {
  set_date(kMonday);
  set_date(kTuesday);
  std::vector<ReadBook> books;
  core_.snapshot_parts(1, [&](std::string_view part) {
    for (const ReadBook& book : read_part(part).books) books.push_back(book);
  });
  ASSERT_EQ(books.size(), 2U);
  EXPECT_EQ(books[0].value_date, 0U);
  EXPECT_EQ(books[1].value_date, kTuesday);
}

TEST_F(TightDeliveryTest, AnOrderWithoutRoomForItsRecordIsRefusedAndChangesNothing) {
  set_date(kMonday);
  ASSERT_EQ(submit(share(kBob, Side::kSell, 100)).reason(), Reason::kNone);
  const Outcome refused = submit(share(kAlice, Side::kBuy, 100));
  EXPECT_EQ(refused.reason(), Reason::kEngineFull);
  EXPECT_TRUE(refused.events.empty());
  EXPECT_EQ(submit(share(kBob, Side::kSell, 100)).reason(), Reason::kNone);
}

TEST_F(DeliveryTest, ADamagedStateIsRefusedOrConsistent) {
  set_date(kMonday);
  trade(kAlice, kBob);
  set_date(kTuesday);
  trade(kBob, kCarol, 200);
  const std::string saved = save(core_);
  for (std::size_t at = 0; at < saved.size(); at += 41) {
    std::string damaged = saved;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    Core loaded(small_limits(), 0);
    if (load(loaded, damaged)) {
      EXPECT_TRUE(loaded.consistent()) << at;
    }
  }
}

}  // namespace
}  // namespace exchange::engine::testing
