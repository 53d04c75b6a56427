// progressive IN OUT.jpg: signs a link that asks the service for a progressive JPEG, and makes the same JPEG here.
//
//   g++ -std=c++17 progressive.cpp -o progressive $(pkg-config --cflags --libs cosimg)
#include <cosimg.hpp>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

constexpr std::string_view rule = "imageMogr2/format/jpg/interlace/1";

// The credential comes from the environment, as it should; an example stands in where there is none.
static std::string_view from_environment(const char *name, std::string_view otherwise) {
    const char *value = std::getenv(name);
    return value && *value ? value : otherwise;
}

int main(int argc, char **argv) try {
    if (argc != 3) {
        std::cerr << "usage: " << argv[0] << " IN OUT.jpg\n";
        return 2;
    }

    const cosimg::signer signer(from_environment("COSIMG_SECRET_ID", "AKIDexample"),
                                from_environment("COSIMG_SECRET_KEY", "exampleSecretKey"));
    const auto valid = cosimg::key_time::starting_at(std::chrono::system_clock::now(), std::chrono::minutes(10));
    const auto link =
        cosimg::link::get("examplebucket-1250000000.cos.ap-shanghai.myqcloud.com", "sample.png").process(rule);
    std::cout << link.sign_url(signer, valid) << '\n';

    std::ifstream in(argv[1], std::ios::binary);
    if (!in)
        throw std::runtime_error(std::string(argv[1]) + ": cannot be read");
    const std::vector<char> source(std::istreambuf_iterator<char>(in), {});
    const cosimg::processed answer = cosimg::processor().run(source, rule);

    std::ofstream out(argv[2], std::ios::binary);
    out.exceptions(std::ios::badbit | std::ios::failbit);
    out.write(reinterpret_cast<const char *>(answer.bytes.data()), static_cast<std::streamsize>(answer.bytes.size()));
    out.close();
    std::cout << argv[2] << ": " << cosimg::content_type(answer.format) << ", " << answer.bytes.size() << " bytes\n";
} catch (const cosimg::error &error) {
    std::cerr << error.what() << " (code " << error.code() << ")\n";
    return 1;
} catch (const std::exception &error) {
    std::cerr << error.what() << '\n';
    return 1;
}
