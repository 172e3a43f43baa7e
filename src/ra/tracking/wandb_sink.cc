#include "ra/tracking/wandb_sink.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <ctime>
#include <nlohmann/json.hpp>
#include <span>

#include "ra/base/atomic_file.h"
#include "ra/base/hash.h"

namespace ra {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::tm utc(double seconds) {
  const auto whole = static_cast<std::time_t>(seconds);
  std::tm time{};
  ::gmtime_r(&whole, &time);
  return time;
}

std::string dump(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Json to_json(const LoggedValue& value) {
  return std::visit(
      [](const auto& one) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(one)>, std::monostate>)
          return nullptr;
        else
          return one;
      },
      value);
}

// media/images/<key>_<step>_<20 digits of the hash>.png, with nothing in the key that could leave the folder.
std::string media_path(const char* kind, const std::string& key, std::int64_t step, const std::string& sha256,
                       const char* extension) {
  std::string name;
  for (const char c : key) name += std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ? c : '_';
  return fmt::format("media/{}/{}_{}_{}.{}", kind, name, step, sha256.substr(0, 20), extension);
}

// Its name holds the hash of its content, so one that is there is right already.
void write_media(const fs::path& path, const std::string& content) {
  if (fs::exists(path)) return;
  make_output_folder(path.parent_path());
  write_file(path, content);
}

// JSON is YAML but for numbers like 5e-05, which PyYAML takes for text without a point.
std::string yaml(const Json& value) {
  std::string text;
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) {
      text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", dump(key), yaml(inner));
    }
    return "{" + text + "}";
  }
  if (value.is_array()) {
    for (const Json& inner : value) text += (text.empty() ? "" : ", ") + yaml(inner);
    return "[" + text + "]";
  }
  text = dump(value);
  const std::size_t exponent = text.find('e');
  if (value.is_number_float() && text.find('.') == std::string::npos && exponent != std::string::npos) {
    text.insert(exponent, ".0");
  }
  return text;
}

std::string config_yaml(const TrackedRun& run) {
  std::string text;
  for (const auto& [key, json] : run.config) {
    text += fmt::format("{}:\n  value: {}\n", dump(key), yaml(Json::parse(json)));
  }
  return text;
}

std::string metadata(const RunIdentity& identity) {
  utsname system{};
  ::uname(&system);
  return dump({{"os", fmt::format("{}-{}-{}", system.sysname, system.release, system.machine)},
               {"startedAt", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", utc(identity.started))},
               {"program", "ra"}},
              2) +
         "\n";
}

}  // namespace

fs::path WandbSink::location(const fs::path& folder, const RunIdentity& identity) {
  return folder / fmt::format("offline-run-{:%Y%m%d_%H%M%S}-{}", utc(identity.started), identity.id);
}

WandbSink::WandbSink(const fs::path& folder, const TrackedRun& run, const RunIdentity& identity)
    : folder_(location(folder, identity)), file_(folder_ / fmt::format("run-{}.wandb", identity.id)) {
  make_output_folder(folder_ / "files");
  make_output_folder(folder_ / "logs");
  for (const char* part : {"files", "files/media/images", "files/media/table"}) {
    if (fs::is_directory(folder_ / part)) remove_stale_temporaries(folder_ / part);
  }
  write_file(folder_ / "files" / "config.yaml", config_yaml(run));
  write_file(folder_ / "files" / "wandb-metadata.json", metadata(identity));
  file_.append(log_.header());
  append(records_.header());
  append(records_.run(identity, run));
}

void WandbSink::row(const TrackedRow& row) {
  JsonItems items = {{"_step", dump(row.step)}, {"_runtime", dump(row.runtime)}, {"_timestamp", dump(row.timestamp)}};
  std::vector<std::string> paths;
  for (const auto& [name, value] : row.values) {
    if (!std::holds_alternative<std::monostate>(value)) items.emplace_back(name, dump(to_json(value)));
  }
  for (const TrackedPicture& picture : row.pictures) {
    items.emplace_back(picture.name, add_picture(picture, row.step, paths));
  }
  for (const TrackedTable& table : row.tables) items.emplace_back(table.name, add_table(table, row.step, paths));
  append(records_.history(row.step, items));
  if (!paths.empty()) append(records_.files(paths));
  // W&B makes no summary of a history that was written offline.
  append(records_.summary(items));
  for (const auto& [key, json] : items) summary_[key] = json;
  runtime_ = row.runtime;
}

void WandbSink::publish() {
  file_.publish();
  // By this `wandb sync` knows a run that it has uploaded, and would leave out what comes now.
  fs::remove(file_.path().string() + ".synced");
  write_summary();
}

void WandbSink::finish(int exit_code) {
  append(records_.exit(exit_code, runtime_));
  append(records_.final());
  write_summary();
}

std::string WandbSink::add_picture(const TrackedPicture& picture, std::int64_t step,
                                   std::vector<std::string>& paths) const {
  paths.push_back(media_path("images", picture.name, step, picture.sha256, "png"));
  write_media(folder_ / "files" / paths.back(), picture.png);
  return dump({{"_type", "image-file"},
               {"sha256", picture.sha256},
               {"size", picture.png.size()},
               {"path", paths.back()},
               {"format", "png"},
               {"width", picture.width},
               {"height", picture.height}});
}

std::string WandbSink::add_table(const TrackedTable& table, std::int64_t step, std::vector<std::string>& paths) const {
  Json rows = Json::array();
  for (const std::vector<LoggedValue>& cells : table.rows) {
    Json row = Json::array();
    for (const LoggedValue& value : cells) row.push_back(to_json(value));
    rows.push_back(std::move(row));
  }
  const std::string content = dump({{"columns", table.columns}, {"data", rows}});
  const std::string sha256 = sha256_hex(std::as_bytes(std::span(content)));
  paths.push_back(media_path("table", table.name, step, sha256, "table.json"));
  write_media(folder_ / "files" / paths.back(), content);
  return dump({{"_type", "table-file"},
               {"sha256", sha256},
               {"size", content.size()},
               {"path", paths.back()},
               {"ncols", table.columns.size()},
               {"nrows", table.rows.size()}});
}

void WandbSink::write_summary() const {
  Json summary = Json::object();
  for (const auto& [key, json] : summary_) summary[key] = Json::parse(json);
  write_file(folder_ / "files" / "wandb-summary.json", dump(summary) + "\n");
}

}  // namespace ra
