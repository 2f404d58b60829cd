// Reads records as JSON lines, as test_sdks.py writes them, and prints what Java's CloudEvents SDK finds in each.
import com.fasterxml.jackson.databind.ObjectMapper;
import io.cloudevents.CloudEvent;
import io.cloudevents.kafka.KafkaMessageFactory;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.common.header.internals.RecordHeaders;

public class Check {
  public static void main(String[] arguments) throws Exception {
    ObjectMapper json = new ObjectMapper();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      Map<?, ?> record = json.readValue(line, Map.class);
      RecordHeaders headers = new RecordHeaders();
      ((Map<?, ?>) record.get("headers")).forEach(
          (name, value) -> headers.add((String) name, ((String) value).getBytes(StandardCharsets.UTF_8)));
      byte[] value = ((String) record.get("value")).getBytes(StandardCharsets.UTF_8);
      CloudEvent event = KafkaMessageFactory.createReader(headers, value).toEvent();
      Map<String, Object> extensions = new LinkedHashMap<>();
      event.getExtensionNames().forEach(name -> extensions.put(name, event.getExtension(name)));
      Map<String, Object> found = new LinkedHashMap<>();
      found.put("id", event.getId());
      found.put("source", event.getSource().toString());
      found.put("type", event.getType());
      found.put("subject", event.getSubject());
      found.put("dataschema", event.getDataSchema().isAbsolute() ? event.getDataSchema().toString() : null);
      found.put("time", event.getTime().toString());
      found.put("extensions", extensions);
      found.put("data", json.readValue(event.getData().toBytes(), Map.class));
      System.out.println(json.writeValueAsString(found));
    }
  }
}
