// Messages of the contracts as JSON, by their descriptors: a command that is new in the contract needs nothing new here.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace exchange::engine::tools {

// A JSON string, quotes included.
std::string json_text(std::string_view text);

// Names of the fields and values of all messages.
class MessageJson {
 public:
  // Reads a serialized `FileDescriptorSet`; throws protozero::exception if it is none.
  explicit MessageJson(std::string_view descriptors);

  // A message as a JSON object: fields that are set, in the order of their numbers; 64-bit integers are numbers.
  // Throws protozero::exception if the bytes are not a message.
  [[nodiscard]] std::string object(const std::string& type, std::string_view message) const;

  // The name of the one field that is set in a message that holds one of several, and its number.
  [[nodiscard]] std::string field_name(const std::string& type, std::uint32_t number) const;

  // The type of the message in a field.
  [[nodiscard]] std::string field_type(const std::string& type, std::uint32_t number) const;

 private:
  struct Field {
    std::string name;
    std::int32_t type = 0;
    bool repeated = false;
    std::string type_name;  // of a message or an enum, with a leading dot
  };
  using Fields = std::map<std::uint32_t, Field>;
  using Values = std::map<std::int32_t, std::string>;

  void read_file(std::string_view file);
  void read_message(const std::string& scope, std::string_view message);
  void read_enum(const std::string& scope, std::string_view message);
  static std::pair<std::uint32_t, Field> read_field(std::string_view message);

  std::map<std::string, Fields> messages_;
  std::map<std::string, Values> enums_;
};

}  // namespace exchange::engine::tools
