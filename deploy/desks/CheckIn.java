// Checks a visitor in over HTTP and prints cefo's answer, which has the ticket. Needs Java 17 and nothing else.
// CEFO_URL=https://cefo.example CEFO_TOKEN=… java CheckIn.java liege find-job [--test]
import java.io.IOException;
import java.net.URI;
import java.net.http.*;
import java.time.Duration;
import java.util.*;

public class CheckIn {
    public static void main(String[] given) throws InterruptedException {
        var test = List.of(given).contains("--test");
        // The id stays the same from try to try, so that one visitor is one visit.
        var path = "/intake/api/v1/visits/" + UUID.randomUUID() + "?test=" + test;
        var body = "{\"centre\": \"%s\", \"area\": \"%s\"}".formatted(given[0], given[1]);
        var request = HttpRequest.newBuilder(URI.create(System.getenv("CEFO_URL") + path))
                .version(HttpClient.Version.HTTP_1_1) // otherwise it offers HTTP/2 on plain HTTP
                .header("Authorization", "Bearer " + System.getenv("CEFO_TOKEN"))
                .header("Content-Type", "application/json").header("Accept-Language", "fr")
                .timeout(Duration.ofSeconds(10)).PUT(HttpRequest.BodyPublishers.ofString(body)).build();
        for (var pause : List.of(1L, 5L, 30L)) {
            try {
                var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
                if (answer.statusCode() < 500 && answer.statusCode() != 429) { // the same request would be refused again
                    (answer.statusCode() == 200 ? System.out : System.err).println(answer.body());
                    System.exit(answer.statusCode() == 200 ? 0 : 1);
                }
                pause = answer.headers().firstValueAsLong("Retry-After").orElse(pause);
            } catch (IOException noNetwork) {
                // tried again below
            }
            Thread.sleep(Duration.ofSeconds(pause).toMillis());
        }
        System.err.println("cefo ne répond pas.");
        System.exit(1);
    }
}
