// The Python module `services.engine._core`: all that knows pybind11.
//
// Bytes cross the border as they are, without a copy on the way in. Every call drops the interpreter's lock for as
// long as the engine works; the engine's own mutex orders the callers. Types and meanings: `_core.pyi` beside it.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <random>
#include <string>
#include <utility>

#include "exchange/codec/events.hpp"
#include "exchange/engine/log/engine.hpp"

namespace py = pybind11;
using exchange::engine::CommandKinds;
using exchange::engine::PriceLevel;
using exchange::engine::Side;
using exchange::engine::log::Ack;
using exchange::engine::log::Answer;
using exchange::engine::log::Engine;
using exchange::engine::log::EngineOptions;
using exchange::engine::log::JournalFailed;
using exchange::engine::log::Levels;
using exchange::engine::log::LogCorrupt;
using exchange::engine::log::PositionGone;
using exchange::engine::log::Recovery;
using exchange::engine::log::State;
using exchange::engine::log::StateDiverged;
using exchange::engine::log::StorageError;
using exchange::engine::log::Top;

namespace {

std::uint64_t by_chance() {
  std::random_device device;
  return std::uint64_t{device()} << 32U | device();
}

using WithoutInterpreter = py::call_guard<py::gil_scoped_release>;

py::tuple to_python(const Answer& answer) { return py::make_tuple(answer.ticket, py::bytes(answer.bytes)); }

py::tuple apply(Engine& engine, const py::bytes& batch, std::int64_t now_ns, CommandKinds allowed_kinds) {
  char* data = nullptr;
  py::ssize_t size = 0;
  if (PyBytes_AsStringAndSize(batch.ptr(), &data, &size) != 0) throw py::error_already_set();
  const std::span bytes(reinterpret_cast<const std::byte*>(data), static_cast<std::size_t>(size));
  Answer answer;
  {
    const py::gil_scoped_release released;
    answer = engine.apply(bytes, now_ns, allowed_kinds);
  }
  return to_python(answer);
}

py::tuple read_events(const Engine& engine, std::uint64_t after_seq, std::uint64_t max_bytes) {
  Answer answer;
  {
    const py::gil_scoped_release released;
    answer = engine.read_events(after_seq, max_bytes);
  }
  return to_python(answer);
}

std::optional<py::tuple> heartbeat_without_instruments(const Engine& engine, std::uint64_t after_seq) {
  const std::optional<Answer> answer = engine.heartbeat_without_instruments(after_seq);
  if (!answer) return std::nullopt;
  return to_python(*answer);
}

py::bytes keep_instruments(const py::bytes& response) {
  char* data = nullptr;
  py::ssize_t size = 0;
  if (PyBytes_AsStringAndSize(response.ptr(), &data, &size) != 0) throw py::error_already_set();
  exchange::engine::ByteBuffer kept;
  bool readable = false;
  {
    const py::gil_scoped_release released;
    readable = exchange::codec::keep_instruments({data, static_cast<std::size_t>(size)}, kept);
  }
  if (!readable) throw py::value_error("this is no EventsResponse");
  return {kept.view().data(), kept.view().size()};
}

py::tuple snapshot_parts(const Engine& engine) {
  std::pair<std::uint64_t, std::vector<std::string>> snapshot;
  {
    const py::gil_scoped_release released;
    snapshot = engine.snapshot_parts();
  }
  py::list parts;
  for (const std::string& part : snapshot.second) parts.append(py::bytes(part));
  return py::make_tuple(snapshot.first, parts);
}

std::optional<py::tuple> query(const Engine& engine, std::uint64_t account_id) {
  std::optional<Answer> answer;
  {
    const py::gil_scoped_release released;
    answer = engine.query(account_id);
  }
  if (!answer) return std::nullopt;
  return to_python(*answer);
}

// A caller's buffer for levels, held until they are written.
class LevelBuffer {
 public:
  explicit LevelBuffer(const py::object& buffer) {
    if (PyObject_GetBuffer(buffer.ptr(), &view_, PyBUF_CONTIG) != 0) throw py::error_already_set();
  }
  LevelBuffer(const LevelBuffer&) = delete;
  LevelBuffer& operator=(const LevelBuffer&) = delete;
  ~LevelBuffer() { PyBuffer_Release(&view_); }

  [[nodiscard]] std::span<PriceLevel> levels() const {
    if (reinterpret_cast<std::uintptr_t>(view_.buf) % alignof(PriceLevel) != 0) {
      throw py::value_error("the buffer does not begin where an integer of 64 bits may lie");
    }
    return {static_cast<PriceLevel*>(view_.buf), static_cast<std::size_t>(view_.len) / sizeof(PriceLevel)};
  }

 private:
  Py_buffer view_{};
};
static_assert(sizeof(PriceLevel) == 2 * sizeof(std::int64_t), "a level is a price and a quantity and nothing else");

Side side_numbered(int side) {
  if (side == static_cast<int>(Side::kBuy)) return Side::kBuy;
  if (side == static_cast<int>(Side::kSell)) return Side::kSell;
  throw py::value_error("side is " + std::to_string(side) + ", neither 1, to buy, nor 2, to sell");
}

std::optional<py::tuple> depth_into(const Engine& engine, std::uint32_t instrument_id, int side,
                                    const py::object& buffer) {
  const Side of = side_numbered(side);
  const LevelBuffer held(buffer);
  const std::span<PriceLevel> levels = held.levels();
  std::optional<Levels> found;
  {
    const py::gil_scoped_release released;
    found = engine.depth(instrument_id, of, levels);
  }
  if (!found) return std::nullopt;
  return py::make_tuple(found->ticket, found->count);
}

std::optional<py::tuple> top(const Engine& engine, std::uint32_t instrument_id) {
  std::optional<Top> found;
  {
    const py::gil_scoped_release released;
    found = engine.top(instrument_id);
  }
  if (!found) return std::nullopt;
  const auto level = [](const std::optional<PriceLevel>& best) -> py::object {
    if (!best) return py::none();
    return py::make_tuple(best->price, best->quantity);
  };
  return py::make_tuple(found->ticket, level(found->bid), level(found->ask));
}

Ack ack_named(const std::string& name) {
  if (name == "durable") return Ack::kDurable;
  if (name == "written") return Ack::kWritten;
  throw py::value_error("ack is \"" + name + "\", neither \"durable\" nor \"written\"");
}

std::unique_ptr<Engine> open_engine(const std::string& folder, std::uint8_t shard, std::uint64_t journal_segment_bytes,
                                    std::uint64_t event_segment_bytes, const std::string& ack, std::int64_t keep_ns,
                                    const std::string& archive_folder, bool populate_memory) {
  EngineOptions options{.folder = folder,
                        .shard = shard,
                        .journal_segment_bytes = journal_segment_bytes,
                        .event_segment_bytes = event_segment_bytes,
                        .ack = ack_named(ack),
                        .keep_ns = keep_ns,
                        .archive_folder = archive_folder,
                        .populate = populate_memory,
                        .limits = {.id_hash_key = by_chance()}};
  const py::gil_scoped_release released;
  return std::make_unique<Engine>(options);
}

void add_records(py::module_& module) {
  py::class_<State>(module, "State")
      .def_readonly("shard", &State::shard)
      .def_readonly("epoch", &State::epoch)
      .def_readonly("engine_seq", &State::engine_seq)
      .def_readonly("durable_seq", &State::durable_seq)
      .def_readonly("state_hash", &State::state_hash)
      .def_readonly("snapshot_seq", &State::snapshot_seq)
      .def_readonly("engine_time_ns", &State::engine_time_ns)
      .def_readonly("open_orders", &State::open_orders);
  py::class_<Recovery>(module, "Recovery")
      .def_readonly("snapshot_seq", &Recovery::snapshot_seq)
      .def_readonly("last_seq", &Recovery::last_seq)
      .def_readonly("notes", &Recovery::notes);
}

void add_engine(py::module_& module) {
  const EngineOptions defaults;
  py::class_<Engine>(module, "Engine")
      .def(py::init(&open_engine), py::kw_only(), py::arg("folder"), py::arg("shard") = defaults.shard,
           py::arg("journal_segment_bytes") = defaults.journal_segment_bytes,
           py::arg("event_segment_bytes") = defaults.event_segment_bytes, py::arg("ack") = "durable",
           py::arg("keep_ns") = defaults.keep_ns, py::arg("archive_folder") = "",
           py::arg("populate_memory") = defaults.populate)
      .def("apply", &apply, py::arg("batch"), py::arg("now_ns"), py::arg("allowed_kinds"))
      .def("durable", &Engine::durable)
      .def("published", &Engine::published)
      .def("full", &Engine::full)
      .def("fileno", &Engine::fileno)
      .def("next_deadline", &Engine::next_deadline, WithoutInterpreter())
      .def("read_events", &read_events, py::arg("after_seq"), py::arg("max_bytes"))
      .def("heartbeat", [](const Engine& engine) { return py::bytes(engine.heartbeat()); })
      .def("heartbeat_without_instruments", &heartbeat_without_instruments, py::arg("after_seq"))
      .def("snapshot_parts", &snapshot_parts)
      .def("query", &query, py::arg("account_id"))
      .def("depth_into", &depth_into, py::arg("instrument_id"), py::arg("side"), py::arg("buffer"))
      .def("top", &top, py::arg("instrument_id"))
      .def("state", &Engine::state, py::arg("with_hash") = false, WithoutInterpreter())
      .def("recovery", &Engine::recovery)
      .def("take_snapshot", &Engine::take_snapshot, WithoutInterpreter())
      .def("close", &Engine::close, WithoutInterpreter());
}

}  // namespace

PYBIND11_MODULE(_core, module) {
  py::register_exception<JournalFailed>(module, "JournalFailed", PyExc_RuntimeError);
  py::register_exception<LogCorrupt>(module, "LogCorrupt", PyExc_RuntimeError);
  py::register_exception<PositionGone>(module, "PositionGone", PyExc_RuntimeError);
  py::register_exception<StateDiverged>(module, "StateDiverged", PyExc_RuntimeError);
  py::register_exception<StorageError>(module, "StorageError", PyExc_OSError);
  add_records(module);
  add_engine(module);
  module.def("keep_instruments", &keep_instruments, py::arg("response"));
  module.def(
      "verify_journal",
      [](const std::string& folder, std::uint8_t shard) {
        const py::gil_scoped_release released;
        const auto storage = exchange::engine::log::open_folder(folder);
        return exchange::engine::log::read_journal(*storage, shard, 0, [](const auto&) {}).last_seq;
      },
      py::arg("folder"), py::arg("shard") = 0);
}
