// Every rule that the contract can say and the core does not act on yet, by the name that docs/reference/engine_rules.md
// marks it with. One that becomes real leaves this list; tests/tidy holds the two lists together.
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class NotSupportedTest : public Venue {
 protected:
  void refused(const char* rule, const std::string& command) {
    const Outcome outcome = submit(command);
    EXPECT_EQ(outcome.reason(), Reason::kNotSupported) << rule;
    EXPECT_TRUE(outcome.events.empty()) << rule;
  }
};

TEST_F(NotSupportedTest, MarginInstruments) {
  InstrumentDefinition delivered = eth_btc();
  delivered.terms.kind = InstrumentKind::kFuture;
  delivered.terms.settlement_method = SettlementMethod::kPhysical;
  refused("PHYSICAL_DELIVERY", encode(delivered));
}

}  // namespace
}  // namespace exchange::engine::testing
