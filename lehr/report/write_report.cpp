#include "lehr/report/write_report.hpp"

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/report/file_names.hpp"
#include "lehr/report/gnuplot.hpp"
#include "lehr/report/html.hpp"

namespace lehr::report {

namespace {

namespace fs = std::filesystem;

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw IoError(folder.string(), error.message());
}

// `path` as the page in `folder` links to it.
std::string seen_from(const fs::path& folder, const fs::path& path) {
  std::error_code error;
  const fs::path relative = fs::proximate(path, folder, error);
  return error ? path.generic_string() : relative.generic_string();
}

std::vector<fs::path> write_figures(const Report& report, const std::vector<std::string>& svgs,
                                    const fs::path& folder) {
  std::vector<fs::path> written;
  FileNames names;
  for (std::size_t i = 0; i < svgs.size(); ++i) {
    if (svgs[i].empty()) continue;
    if (written.empty()) make_folder(folder);
    written.push_back(folder / names.next(report.figures[i].name, "svg"));
    write_file_atomically(written.back(), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + svgs[i]);
  }
  return written;
}

std::vector<fs::path> write_artifacts(const Report& report, const fs::path& folder) {
  std::vector<fs::path> places;
  FileNames names;
  for (const Artifact& artifact : report.artifacts) {
    if (artifact.content.empty() && !artifact.path.empty()) {
      places.emplace_back(artifact.path);
      continue;
    }
    make_folder(folder);
    places.push_back(folder / names.next(artifact.name, artifact.extension));
    write_file_atomically(places.back(), artifact.content);
  }
  return places;
}

}  // namespace

WrittenReport write_report(const Report& report, const fs::path& folder, const Origin& origin) {
  make_folder(folder);
  DrawnFigures drawn = draw_figures(report.figures);
  WrittenReport written{folder / "report.html", folder / "report.json",
                        write_figures(report, drawn.svgs, folder / "figures"),
                        write_artifacts(report, folder / "artifacts"), drawn.hints};
  Page page{origin.what, origin.when, std::move(drawn.svgs), {}, "report.json", drawn.hints};
  for (const fs::path& artifact : written.artifacts)
    page.artifact_paths.push_back(seen_from(folder, artifact));
  write_file_atomically(written.json,
                        to_json(report).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  write_file_atomically(written.page, render_html(report, page));
  return written;
}

}  // namespace lehr::report
