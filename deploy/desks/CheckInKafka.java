// Checks a visitor in over Kafka. Needs Java 17 and Apache Kafka's client: java -cp 'libs/*' CheckInKafka.java …
// CEFO_KAFKA=kafka.example:9092 java -cp 'libs/*' CheckInKafka.java liege find-job [producer.properties]
import java.io.FileReader;
import java.io.IOException;
import java.time.Instant;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.*;

public class CheckInKafka {
    public static void main(String[] given) throws IOException, InterruptedException, ExecutionException {
        var options = new Properties();
        if (given.length > 2) {
            options.load(new FileReader(given[2])); // the user's name and password, TLS
        }
        options.putIfAbsent("bootstrap.servers", System.getenv("CEFO_KAFKA"));
        for (var part : new String[] {"key", "value"}) {
            options.put(part + ".serializer", "org.apache.kafka.common.serialization.StringSerializer");
        }
        var visit = UUID.randomUUID().toString();
        var event = """
            {"specversion": "1.0", "id": "%s", "source": "/desks/%s/sample", "type": "cefo.desk.check-in.v1",
             "subject": "%s", "time": "%s", "data": {"visit_id": "%s", "centre": "%s", "area": "%s", "at": "%s"}}
            """.formatted(UUID.randomUUID(), given[0], visit, Instant.now(), visit, given[0], given[1], Instant.now());
        var record = new ProducerRecord<>("cefo.desk.check-ins." + given[0], visit, event);
        record.headers().add("content-type", "application/cloudevents+json".getBytes());
        try (var producer = new KafkaProducer<String, String>(options)) {
            producer.send(record).get(); // it is in the topic, on every replica
        }
    }
}
